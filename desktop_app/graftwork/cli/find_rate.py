"""Shows what a rate finder found: the curve in a small table, and how to use the suggestion."""

from __future__ import annotations

import shlex
from collections.abc import Generator, Iterator, Sequence
from itertools import count
from typing import TYPE_CHECKING

from graftwork.engine.events import Progress, TrainingEvent
from graftwork.engine.job import TrainingJob
from graftwork.generators import mapped

from .console import print_json, print_table, results, shown
from .progress import listen

if TYPE_CHECKING:
    from graftwork.engine.rates.curve import RateCurve, RatePoint
    from graftwork.engine.rates.suggestion import RateSuggestion
    from graftwork.runs.workshop import Workshop

_BAR = 32
_STEPS_A_ROW = 5


def find_and_show(
    workshop: Workshop,
    job: TrainingJob,
    given: Sequence[str],
    phase: int | None,
    *,
    as_json: bool,
) -> None:
    """Try rates as the job would train, and print the curve and what to write to use it.

    ``given`` are the assignments that made the job.
    """
    from graftwork.runs.rate_run import find_rate_of_job

    stream = find_rate_of_job(job, workshop.registry, phase)
    found = listen(_with_progress(stream), as_json=as_json)
    if as_json:
        print_json({"kind": "result", **found.as_json()})
        return
    print_table(("Rate", "Loss", "", ""), list(_rows(found.curve)))
    results.print(f"\n[bold]{shown(found.summary)}[/bold]\n{shown(found.advice)}")
    if found.settings:
        results.print(f"Next: {shown(_command(found, job, given))}", style="dim")


def _with_progress(
    stream: Generator[TrainingEvent | RatePoint, None, RateSuggestion],
) -> Generator[TrainingEvent, None, RateSuggestion]:
    from graftwork.engine.rates.curve import STEPS, RatePoint

    tried = count(1)

    def told(event: TrainingEvent | RatePoint) -> TrainingEvent:
        if isinstance(event, RatePoint):
            return Progress(what="Trying rates", done=next(tried), total=STEPS)
        return event

    return (yield from mapped(stream, told))


def _rows(curve: RateCurve) -> Iterator[tuple[str, ...]]:
    """A row for some steps each, and one for each that has something to say."""
    notes = {curve.steepest: "falls fastest", curve.lowest: "lowest"}
    for number, (point, loss) in enumerate(zip(curve.points, curve.smooth, strict=True)):
        note = notes.get(point.rate, "")
        if note or number % _STEPS_A_ROW == 0:
            yield f"{point.rate:.1e}", f"{loss:.3f}", _bar(loss / curve.smooth[0]), note


def _bar(part: float) -> str:
    """Full at twice the first loss: what lies beyond only says that it diverged."""
    return "█" * max(1, round(min(part, 2) / 2 * _BAR))


def _command(found: RateSuggestion, job: TrainingJob, given: Sequence[str]) -> str:
    """The training with this rate."""
    said = [f"{name}={value:g}" for name, value in found.settings.items()]
    sets = [word for text in (*given, *said) for word in ("--set", text)]
    named = ["--backbone", job.backbone, "--strategy", job.strategy]
    reader = ["--reader", job.data.reader] if job.data.reader else []
    return shlex.join(["graftwork", "train", str(job.data.path), *reader, *named, *sets])
