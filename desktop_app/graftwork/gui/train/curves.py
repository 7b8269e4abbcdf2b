"""From a run's history to the curves of each chart. Plain Python, no widget."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from graftwork.engine.events import LoadSampled
from graftwork.engine.history import RunHistory


@dataclass(frozen=True, kw_only=True)
class Curve:
    """A named line; ``faint`` ones stand behind the others, ``points`` marks each value.

    With another ``color`` go other dashes and markers, for those who see no colours.
    """

    name: str
    x: Sequence[float]
    y: Sequence[float]
    color: int = 0
    faint: bool = False
    points: bool = False


@dataclass(frozen=True, kw_only=True)
class ChartLook:
    """What a chart is called, and what its axes are.

    The y axis begins at zero with ``from_zero``, and then ends at ``top`` if that is given. A
    ``logarithmic`` one shows all values, or those of the ``most_powers`` of ten below the top. With
    ``powers`` the x axis is logarithmic, and goes from the first to the second power of ten.
    """

    title: str
    x_axis: str
    logarithmic: bool = False
    most_powers: int | None = None
    powers: tuple[int, int] | None = None
    from_zero: bool = False
    top: float | None = None
    phases: Literal["none", "marked", "named"] = "marked"


@dataclass(frozen=True, kw_only=True)
class ChartSpec(ChartLook):
    """A chart of a run, and where its curves come from."""

    curves: Callable[[RunHistory], list[Curve]]


def loss_curves(history: RunHistory) -> list[Curve]:
    """Loss of each step, and of each epoch on training and validation images."""
    x = history.epoch_positions
    train = [epoch.train_loss for epoch in history.epochs]
    validation = [epoch.validation_loss for epoch in history.epochs]
    return [
        Curve(name="each step", x=history.step_positions, y=history.step_losses, faint=True),
        Curve(name="training", x=x, y=train, points=True),
        Curve(name="validation", x=x, y=validation, color=1, points=True),
    ]


def accuracy_curves(history: RunHistory) -> list[Curve]:
    """Accuracy in percent of each epoch on training and validation images."""
    x = history.epoch_positions
    train = [100 * epoch.train_accuracy for epoch in history.epochs]
    validation = [100 * epoch.validation_accuracy for epoch in history.epochs]
    balanced = [100 * epoch.validation_balanced_accuracy for epoch in history.epochs]
    return [
        Curve(name="training", x=x, y=train, points=True),
        Curve(name="validation", x=x, y=validation, color=1, points=True),
        Curve(name="validation, balanced", x=x, y=balanced, color=2, faint=True),
    ]


def rate_curves(history: RunHistory) -> list[Curve]:
    """The learning rate of each stage; stages with the same rate all along share a curve."""
    lines: dict[tuple[tuple[float, float], ...], list[str]] = {}
    for stage, line in history.step_rates.items():
        lines.setdefault(tuple(line), []).append(stage)
    return [
        Curve(name=_joined(names), x=[x for x, _ in line], y=[y for _, y in line], color=number)
        for number, (line, names) in enumerate(lines.items())
    ]


def _joined(stages: list[str]) -> str:
    return stages[0] if len(stages) == 1 else f"{stages[0]} … {stages[-1]}"


def speed_curves(history: RunHistory) -> list[Curve]:
    """Images per second of each step."""
    return [Curve(name="", x=history.step_positions, y=history.step_speeds)]


def load_curves(history: RunHistory) -> list[Curve]:
    """How busy processor and graphics processor are, in percent."""
    return [
        _samples(history, "processor", lambda load: load.cpu_percent, 0),
        *_if_any(_samples(history, "GPU", lambda load: load.gpu_percent, 1)),
    ]


def memory_curves(history: RunHistory) -> list[Curve]:
    """Memory in use, in GiB."""
    return [
        _samples(history, "main", lambda load: load.memory_mib, 0, 1 / 1024),
        *_if_any(_samples(history, "GPU", lambda load: load.gpu_memory_mib, 1, 1 / 1024)),
    ]


def _samples(
    history: RunHistory,
    name: str,
    value: Callable[[LoadSampled], float | None],
    color: int,
    scale: float = 1.0,
) -> Curve:
    """A figure of the machine's load by the minute, as far as it is known."""
    at = zip(history.load_seconds, map(value, history.loads), strict=True)
    known = [(seconds / 60, figure * scale) for seconds, figure in at if figure is not None]
    return Curve(name=name, x=[x for x, _ in known], y=[y for _, y in known], color=color)


def _if_any(curve: Curve) -> list[Curve]:
    return [curve] if curve.y else []


LARGE_CHARTS = (
    ChartSpec(title="Loss", x_axis="epochs", curves=loss_curves, from_zero=True, phases="named"),
    ChartSpec(title="Accuracy (%)", x_axis="epochs", curves=accuracy_curves, phases="named"),
)
SMALL_CHARTS = (
    ChartSpec(
        title="Learning rate", x_axis="epochs", curves=rate_curves, logarithmic=True, most_powers=3
    ),
    ChartSpec(title="Images per second", x_axis="epochs", curves=speed_curves, logarithmic=True),
    ChartSpec(
        title="Load (%)",
        x_axis="minutes",
        curves=load_curves,
        from_zero=True,
        top=100,
        phases="none",
    ),
    ChartSpec(
        title="Memory (GiB)",
        x_axis="minutes",
        curves=memory_curves,
        from_zero=True,
        phases="none",
    ),
)


def phase_boundaries(history: RunHistory) -> list[tuple[float, str]]:
    """Where on the axis of epochs each phase but the first begins, and its name."""
    ran = {ended.phase: ended.epochs_run for ended in history.phase_ends}
    place, found = 0.0, []
    for phase in history.phases:
        found.append((place, phase.name))
        place += ran.get(phase.phase, 0)
    return found[1:]
