from __future__ import annotations

from pathlib import Path

import pytest
from docs_part import put_into_docs

ROOT = Path(__file__).parents[2]


def test_only_what_stands_between_the_marks_is_replaced(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("above\n<!-- x: begin -->\nold\n<!-- x: end -->\nbelow\n", "utf-8")
    put_into_docs(page, "x", "new")
    put_into_docs(page, "x", "newer")
    assert page.read_text("utf-8") == ("above\n<!-- x: begin -->\nnewer\n<!-- x: end -->\nbelow\n")


def test_a_page_without_marks_is_left_alone(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("text", "utf-8")
    with pytest.raises(SystemExit, match="x: begin"):
        put_into_docs(page, "x", "new")
    assert page.read_text("utf-8") == "text"


@pytest.mark.parametrize(("page", "name"), [("benchmarks", "peers"), ("results", "accuracy")])
def test_the_pages_have_a_place_for_their_tables(page: str, name: str) -> None:
    text = (ROOT / "docs" / f"{page}.md").read_text("utf-8")
    assert text.index(f"<!-- {name}: begin -->") < text.index(f"<!-- {name}: end -->")
