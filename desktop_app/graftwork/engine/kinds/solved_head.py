"""The phase that solves the linear head to the optimum, for several strengths of a penalty."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence

import torch
from torch import Tensor

from graftwork.engine.errors import TrainingError
from graftwork.engine.events import Notice, Progress, TrainingEvent
from graftwork.engine.heads.linear import LinearHead
from graftwork.engine.inputs import PhaseInputs, Samples
from graftwork.engine.loss.build import build_loss
from graftwork.engine.setup import TrainingSetup
from graftwork.engine.solving.logistic import LogisticRegression, Solution
from graftwork.engine.training_settings import TrainingSettings
from graftwork.plugin_api import PhaseReport, SolvedHead

from .trials import Trials, matrix, whole_features
from .without_steps import without_effect

_PATIENCE = 2


def run_solved_head(
    setup: TrainingSetup, phase: SolvedHead, number: int
) -> Generator[TrainingEvent, None, PhaseReport]:
    """Solve for each strength, the strongest first, and keep what is best on validation.

    Each starts from the solution before. It ends when two strengths in a row brought no gain:
    what is weaker still takes longest and fits the training images ever closer.
    """
    head, strengths = _checked(setup, phase)
    trials = Trials(setup, phase, number, len(strengths))
    started = trials.begin()
    yield from without_effect(setup.job.training, phase)
    inputs = yield from whole_features(setup)
    yield started
    reason = yield from _tried(setup, inputs, head, trials, strengths)
    place = trials.best_place
    if place:
        yield from _at_the_end(strengths, place)
    if phase.refit and place:
        yield from _refitted(setup, inputs, head, strengths[place - 1])
    return (yield from trials.end(reason))


def _tried(
    setup: TrainingSetup,
    inputs: PhaseInputs,
    head: LinearHead,
    trials: Trials,
    strengths: Sequence[float],
) -> Generator[TrainingEvent, None, str]:
    """Solve and measure the head for each strength; says why it ended."""
    regression, idle = _regression(setup, inputs.train(1)), 0
    for place, strength in enumerate(strengths, start=1):
        solution = yield from _solved(regression, strength, place, len(strengths))
        _put(solution, head)
        idle = 0 if (yield from trials.measure(inputs)) else idle + 1
        if idle == _PATIENCE and place < len(strengths):
            return f"no gain on validation for {idle} strengths"
    return "all strengths done"


def _at_the_end(strengths: Sequence[float], place: int) -> Iterator[Notice]:
    """Where the best of several was the first or the last, a better one may lie beyond it."""
    ends = {1: ("strongest", "stronger"), len(strengths): ("weakest", "weaker")}
    if len(strengths) > 1 and place in ends:
        most, beyond = ends[place]
        text = (
            f"The {most} penalty that was tried, {strengths[place - 1]:g}, is the best on the "
            f"validation images: a {beyond} one might be better still."
        )
        yield Notice(level="info", text=text)


def _refitted(
    setup: TrainingSetup, inputs: PhaseInputs, head: LinearHead, strength: float
) -> Generator[TrainingEvent, None, None]:
    """Solve once more on all images that are not for testing, and keep that."""
    setup.best.restore()  # the head holds what was tried last
    start = head.linear.weight.detach(), head.linear.bias.detach()
    regression = _regression(setup, inputs.train(1), inputs.validation, start=start)
    solution = yield from _solved(regression, strength, 1, 1)
    _put(solution, head)
    setup.best.replace()
    text = "The head was solved once more, on training and validation images together."
    yield Notice(level="info", text=text)


def _checked(setup: TrainingSetup, phase: SolvedHead) -> tuple[LinearHead, list[float]]:
    """The head, and the strengths from strong to weak; raises ``TrainingError``."""
    head = setup.classifier.head
    if not isinstance(head, LinearHead):
        msg = (
            f"The phase {phase.name!r} solves a linear head, and this run has a head of the kind "
            f"{setup.classifier.info.head.kind!r}. Set head=linear, or choose another strategy."
        )
        raise TrainingError(msg)
    return head, sorted(set(phase.strengths), reverse=True)


def _regression(
    setup: TrainingSetup, *parts: Samples, start: tuple[Tensor, Tensor] | None = None
) -> LogisticRegression:
    """On the processor where the device lacks double precision."""
    device = setup.device if setup.device.type == "cuda" else torch.device("cpu")
    classes = len(setup.classifier.info.classes)
    labels = torch.cat([part.labels for part in parts])
    counts = labels.bincount(minlength=classes)
    return LogisticRegression(
        torch.cat([matrix(part) for part in parts]).to(device),
        labels.to(device),
        classes,
        build_loss(_whole_sum(setup.job.training), counts, device),
        start,
    )


def _whole_sum(settings: TrainingSettings) -> TrainingSettings:
    """All images are looked at in every step: balanced sampling becomes what it comes to."""
    if settings.sampling != "balanced":
        return settings
    return settings.model_copy(update={"sampling": "shuffled", "class_weights": "inverse"})


def _solved(
    regression: LogisticRegression, strength: float, place: int, strengths: int
) -> Generator[TrainingEvent, None, Solution]:
    for _ in regression.solve(strength):
        yield Progress(what="Solving the head", done=place - 1, total=strengths)
    solution = regression.solution()
    if not solution.weight.isfinite().all():
        msg = (
            f"The head cannot be solved with strength {strength:g}: the result is not finite. "
            "Features of the images are too large or not numbers; choose another backbone."
        )
        raise TrainingError(msg)
    yield _notice(solution, strength)
    return solution


def _notice(solution: Solution, strength: float) -> Notice:
    text = (
        f"Head solved with strength {strength:g} in {solution.iterations} iterations "
        f"(slope {solution.slope:.0e})."
    )
    if solution.converged:
        return Notice(level="info", text=text)
    return Notice(level="warning", text=f"{text} It is not quite the optimum.")


@torch.no_grad()
def _put(solution: Solution, head: LinearHead) -> None:
    head.linear.weight.copy_(solution.weight)
    head.linear.bias.copy_(solution.bias)
