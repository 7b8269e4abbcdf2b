"""Schedules of single stages, as a user writes them: ``stem=constant, head=one-cycle``."""

from __future__ import annotations

from typing import cast, get_args

from graftwork.plugin_api import Schedule


def parse_stage_schedules(text: str) -> dict[str, Schedule]:
    """The schedule of each stage that is named; none for an empty text.

    Raises ``ValueError`` with a message for a person.
    """
    return dict(_pair(part.strip()) for part in text.split(",") if part.strip())


def _pair(part: str) -> tuple[str, Schedule]:
    stage, _, schedule = (word.strip() for word in part.partition("="))
    known = get_args(Schedule)
    if not stage or schedule not in known:
        msg = f"{part!r} is not a stage and its schedule: write stage={' or '.join(known)}"
        raise ValueError(msg)
    return stage, cast("Schedule", schedule)
