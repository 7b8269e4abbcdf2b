"""One cell of the table: what is to be run, and what came of it."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any, Literal

Task = Literal["frozen", "top", "full"]

TOP_STAGES = 2
"""How many stages learn under the head in the task "top": the default of `top-stages`."""

BATCH = 32
SIZE = 224


@dataclass(frozen=True, kw_only=True)
class Part:
    """What one process runs.

    ``table`` is a CSV of path (below ``root``), label and part. ``budget_s`` is how long it may
    take: a contender whose epochs would not fit stops early, and its time is extrapolated.
    """

    contender: str
    data: str
    task: Task
    epochs: int
    seed: int
    threads: int
    budget_s: float
    root: str
    table: str
    images: int | None = None

    @property
    def key(self) -> str:
        """Names the part in the results; parts that measure something else have another key."""
        images = "all" if self.images is None else self.images
        return (
            f"{self.data}/{images}/{self.task}/{self.epochs}/{self.contender}"
            f"/{self.threads}/{self.seed}"
        )


@dataclass(kw_only=True)
class Outcome:
    """What one process measured.

    ``seconds`` run from image files to the evaluated model, without imports; they are
    extrapolated if ``epochs_run`` is less than the part's epochs, and there are no figures then.
    ``peak_mib`` is the process's resident memory at its peak, ``loader_peak_mib`` that of the
    largest of its loading processes, which share a part of it. ``spans`` is where a contender
    that tells it spent its time.
    """

    seconds: float
    import_seconds: float
    epochs_run: int
    training_images: int
    peak_mib: float
    loader_peak_mib: float
    accuracy: float | None = None
    macro_f1: float | None = None
    epoch_seconds: list[float] = field(default_factory=list)
    spans: dict[str, float] = field(default_factory=dict)
    versions: dict[str, str] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """Rounded: more digits would be noise."""
        return {name: _rounded(value) for name, value in asdict(self).items()}


def _rounded(value: Any) -> Any:
    match value:
        case float():
            return round(value, 4)
        case list():
            return [_rounded(one) for one in value]
        case dict():
            return {name: _rounded(one) for name, one in value.items()}
    return value
