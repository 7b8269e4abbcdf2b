"""Gives what a phase trains on by the cheapest way to the same result, and says which and why."""

from __future__ import annotations

from collections.abc import Callable, Generator

from torch import Tensor

from graftwork.paths import activations_folder
from graftwork.plugin_api import Augmentation, Phase

from ..classifier import Classifier
from ..events import Notice, TrainingEvent
from ..inputs import PhaseInputs
from ..learning.choices import chosen_augment
from .computing import FrozenWork, frozen_samples
from .plan import FrozenPlan, Given, plan_frozen
from .sources import Source, plain_source, view_source
from .store import ActivationStore


def phase_inputs(
    setup: Given,
    phase: Phase,
    level: Augmentation,
    *,
    store: ActivationStore | None = None,
) -> Generator[TrainingEvent, None, PhaseInputs]:
    """What the phase trains on, and the way from there to logits.

    Frozen leading stages are computed once, or once for each of some augmented views, where that
    is cheaper; else every batch of pixels goes through the whole network.
    """
    kept = store or ActivationStore(activations_folder())
    plan = plan_frozen(setup, phase, level, kept.limit)
    if isinstance(plan, str):
        yield _info(f"Images go through the network in every epoch: {plan}.")
        return live_inputs(setup)
    yield _info(_why(setup, phase, plan))
    work = _work(setup, phase, level, plan, kept)
    (validation, *views) = yield from frozen_samples(work, setup.job.training.frozen_pass)
    if plan.whole:
        views.pop()  # of the test images, which are only kept
    return PhaseInputs(
        views=tuple(views),
        validation=validation,
        logits=logits_above(setup.classifier, plan.boundary.stages),
        live=False,
    )


def live_inputs(setup: Given) -> PhaseInputs:
    """Every batch of pixels goes through the whole network."""
    return PhaseInputs(
        views=(setup.train,),
        validation=setup.validation,
        logits=setup.classifier.logits,
        live=True,
    )


def logits_above(classifier: Classifier, stages: int) -> Callable[[Tensor], Tensor]:
    """From what leaves so many stages (N, ...), fp16 or fp32, to logits (N, classes)."""

    def logits(inputs: Tensor) -> Tensor:
        reached = inputs.float()
        for stage in list(classifier.stages)[stages:]:
            reached = stage(reached)
        scores: Tensor = classifier.head(reached)
        return scores

    return logits


def _work(
    setup: Given, phase: Phase, level: Augmentation, plan: FrozenPlan, store: ActivationStore
) -> FrozenWork:
    views = _views(setup, phase, level, plan.views)
    sources = [plain_source(setup.validation, setup.device), *views]
    if plan.whole:
        # The evaluation asks for them if the backbone stays as it is.
        sources.append(plain_source(setup.test, setup.device))
    return FrozenWork(
        classifier=setup.classifier,
        store=store,
        probe=plan.probe,
        boundary=plan.boundary,
        taps=plan.taps,
        sources=tuple(sources),
        unfreezing=plan.unfreezing,
    )


def _views(setup: Given, phase: Phase, level: Augmentation, count: int | None) -> list[Source]:
    """So many augmented views of the training images; None: the images as they are."""
    training = setup.job.training
    augment = chosen_augment(phase, level, training)
    if augment is None or count is None:
        return [plain_source(setup.train, setup.device)]
    return [
        view_source(
            setup.train,
            augment,
            setup.device,
            seed=setup.job.seed,
            view=view,
            level=level,
            wishes=training,
        )
        for view in range(count)
    ]


def _why(setup: Given, phase: Phase, plan: FrozenPlan) -> str:
    stages, total = plan.boundary.stages, len(setup.classifier.stages)
    frozen = "The whole backbone is" if plan.whole else f"{stages} of {total} stages are"
    if plan.views is None:
        given = "features are" if plan.whole else "what they give is"
        return f"{frozen} frozen and nothing is augmented: {given} computed once."
    return (
        f"{frozen} frozen: {plan.views} augmented views of each image go through them once, "
        f"instead of new ones in each of {phase.epochs} epochs (views=... sets how many)."
    )


def _info(text: str) -> Notice:
    return Notice(level="info", text=text)
