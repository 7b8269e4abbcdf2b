"""Puts a measured table into its place in a page of docs/."""

from __future__ import annotations

from pathlib import Path


def put_into_docs(page: Path, name: str, table: str) -> None:
    """Replace what stands between ``<!-- name: begin -->`` and ``<!-- name: end -->``."""
    begin, end = f"<!-- {name}: begin -->", f"<!-- {name}: end -->"
    before, _, rest = page.read_text("utf-8").partition(begin)
    _, _, after = rest.partition(end)
    if not rest or not after:
        msg = f"{page} has no place for the table: it lacks {begin} or {end}."
        raise SystemExit(msg)
    page.write_text(f"{before}{begin}\n{table}\n{end}{after}", "utf-8")
