"""Chooses the cheapest way to the same result for a phase, and says which and why."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from typing import Protocol

import torch
from torch import Tensor

from graftwork.paths import activations_folder
from graftwork.plugin_api import Augmentation, Phase, PhaseReport

from ..classifier import Classifier
from ..events import Notice, TrainingEvent
from ..freezing import frozen_prefix
from ..inputs import PhaseInputs, Samples
from ..job import TrainingJob
from ..learning.choices import chosen_augment
from .computing import FrozenWork, frozen_samples
from .probing import Boundary, Probe, probe
from .sources import Source, plain_source, view_source
from .store import ActivationStore
from .views import chosen_views

_WORTH_READING = {"cpu": 100, "cuda": 10_000}
"""Operations that a device does in the time in which a byte is read and brought to it."""

_TAPS = 2
_TAPPED_BYTES = 2**30
_UNFREEZING_BYTES = 4 * 2**30
"""How many further boundaries are kept on the way, and how many bytes they may take.

Where a strategy unfreezes stage after stage, all are kept that have room.
"""


class Given(Protocol):
    """What the choice depends on, beside the phase; a ``TrainingSetup`` is one."""

    @property
    def job(self) -> TrainingJob:
        """Seed, augmentation, views and engine."""

    @property
    def classifier(self) -> Classifier:
        """As the phase begins: restored, with re-initialized and re-estimated stages."""

    @property
    def device(self) -> torch.device:
        """Where the classifier is."""

    @property
    def train(self) -> Samples:
        """Pixels of the training images."""

    @property
    def validation(self) -> Samples:
        """Pixels of the validation images."""

    @property
    def test(self) -> Samples:
        """Pixels of the test images, which only go along with the others."""

    @property
    def reports(self) -> Sequence[PhaseReport]:
        """Of the phases before."""


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
    plan = _planned(setup, phase, level, kept)
    if isinstance(plan, str):
        yield _info(f"Images go through the network in every epoch: {plan}.")
        return live_inputs(setup)
    work, why = plan
    yield _info(why)
    (validation, *views) = yield from frozen_samples(work, setup.job.training.frozen_pass)
    if _is_whole(setup, work.boundary):
        views.pop()  # of the test images, which are only kept
    return PhaseInputs(
        views=tuple(views),
        validation=validation,
        logits=logits_above(setup.classifier, work.boundary.stages),
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


def _planned(
    setup: Given, phase: Phase, level: Augmentation, store: ActivationStore
) -> tuple[FrozenWork, str] | str:
    """What to compute once and why, or why nothing."""
    stages = frozen_prefix(setup.classifier, phase)
    if stages == 0:
        return "its lowest stages learn or adapt"
    if setup.job.training.mixup or setup.job.training.cutmix:
        return "images are mixed with each other"
    found = probe(setup.classifier, setup.train, stages)
    if not found.boundaries:
        return "what its lowest stage gives cannot be kept"
    boundary = found.boundaries[-1]
    if not _worth_reading(boundary, setup.device):
        return "its frozen stages are computed as fast as what they give is read"
    sources = _sources(setup, phase, level, boundary, store)
    if isinstance(sources, str):
        return sources
    work = _work(setup, phase, found, boundary, sources, store)
    return work, _why(setup, phase, boundary, sources)


def _worth_reading(boundary: Boundary, device: torch.device) -> bool:
    least = _WORTH_READING.get(device.type, _WORTH_READING["cuda"])
    return boundary.operations >= least * boundary.row_bytes


def _sources(
    setup: Given,
    phase: Phase,
    level: Augmentation,
    boundary: Boundary,
    store: ActivationStore,
) -> list[Source] | str:
    """The views of the training images to compute once, or why none."""
    training = setup.job.training
    augment = chosen_augment(phase, level, training)
    if augment is None:
        if phase.epochs == 1 and boundary.stages < len(setup.classifier.stages):
            return "there is a single one"
        return [plain_source(setup.train, setup.device)]
    count, images = training.views, len(setup.train.labels)
    views = chosen_views(count, phase.epochs, boundary.row_bytes, images, store.limit)
    if views is None:
        return f"every image is changed anew in each of them (augmentation: {level})"
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
        for view in range(views)
    ]


def _work(
    setup: Given,
    phase: Phase,
    found: Probe,
    boundary: Boundary,
    views: list[Source],
    store: ActivationStore,
) -> FrozenWork:
    sources = [plain_source(setup.validation, setup.device), *views]
    if _is_whole(setup, boundary):
        # The evaluation asks for them if the backbone stays as it is.
        sources.append(plain_source(setup.test, setup.device))
    images = sum(len(source.digests) for source in sources)
    unfreezing = _is_unfreezing(setup, phase)
    return FrozenWork(
        classifier=setup.classifier,
        store=store,
        probe=found,
        boundary=boundary,
        taps=_taps(setup, found, boundary, images, unfreezing=unfreezing),
        sources=tuple(sources),
        unfreezing=unfreezing,
    )


def _is_whole(setup: Given, boundary: Boundary) -> bool:
    return boundary.stages == len(setup.classifier.stages)


def _is_unfreezing(setup: Given, phase: Phase) -> bool:
    """Whether more stages learned from phase to phase, twice at least: so it may go on."""
    earlier = (report.phase for report in setup.reports)
    fewer = {frozenset(p.rates) for p in earlier if isinstance(p, Phase)}
    return sum(rates < set(phase.rates) for rates in fewer) > 1


def _taps(
    setup: Given, found: Probe, boundary: Boundary, images: int, *, unfreezing: bool
) -> tuple[Boundary, ...]:
    """The highest ones that are worth it, as many as have room."""
    room = _UNFREEZING_BYTES if unfreezing else _TAPPED_BYTES
    taps = _worth_tapping(setup, found, boundary)
    taps = taps if unfreezing else taps[-_TAPS:]
    while sum(tap.row_bytes for tap in taps) * images > room:
        taps = taps[1:]
    return tuple(taps)


def _worth_tapping(setup: Given, found: Probe, boundary: Boundary) -> list[Boundary]:
    """The boundaries below, where the frozen stages would end if further stages learned."""
    stages = list(setup.classifier.stages)
    return [
        tap
        for tap in found.boundaries
        if tap.stages < boundary.stages
        and any(True for _ in stages[tap.stages].parameters())
        and _worth_reading(tap, setup.device)
    ]


def _why(setup: Given, phase: Phase, boundary: Boundary, views: list[Source]) -> str:
    total, whole = len(setup.classifier.stages), _is_whole(setup, boundary)
    frozen = "The whole backbone is" if whole else f"{boundary.stages} of {total} stages are"
    if views[0].augment is None:
        given = "features are" if whole else "what they give is"
        return f"{frozen} frozen and nothing is augmented: {given} computed once."
    return (
        f"{frozen} frozen: {len(views)} augmented views of each image go through them once, "
        f"instead of new ones in each of {phase.epochs} epochs (views=... sets how many)."
    )


def _info(text: str) -> Notice:
    return Notice(level="info", text=text)
