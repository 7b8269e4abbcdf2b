"""Decides what of a phase is computed once, and why."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import torch

from graftwork.plugin_api import Augmentation, Phase, PhaseReport

from ..classifier import Classifier
from ..freezing import frozen_prefix
from ..inputs import Samples
from ..job import TrainingJob
from ..learning.choices import chosen_augment
from .probing import Boundary, Probe, probe
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


@dataclass(frozen=True, kw_only=True)
class FrozenPlan:
    """Stages that are computed once, up to ``boundary``, and what is kept on the way at ``taps``.

    There are so many augmented ``views`` of each training image; None: it stays as it is.
    ``images`` go through them in all. ``whole`` says that no stage of the backbone is above: the
    test images then go along. ``unfreezing`` says that later phases are likely to need the taps.
    """

    probe: Probe
    boundary: Boundary
    taps: tuple[Boundary, ...]
    views: int | None
    images: int
    whole: bool
    unfreezing: bool


def plan_frozen(
    setup: Given, phase: Phase, level: Augmentation, room: int, known: Probe | None = None
) -> FrozenPlan | str:
    """What to compute once, or why nothing; what is kept may take ``room`` bytes.

    ``known`` is a probe of the whole backbone, if there is one already.
    """
    stages = frozen_prefix(setup.classifier, phase)
    if stages == 0:
        return "its lowest stages learn or adapt"
    if setup.job.training.mixup or setup.job.training.cutmix:
        return "images are mixed with each other"
    found = known.up_to(stages) if known else probe(setup.classifier, setup.train, stages)
    if not found.boundaries:
        return "what its lowest stage gives cannot be kept"
    if not _worth_reading(found.boundaries[-1], setup.device):
        return "its frozen stages are computed as fast as what they give is read"
    return _with_views(setup, phase, level, room, found)


def _with_views(
    setup: Given, phase: Phase, level: Augmentation, room: int, found: Probe
) -> FrozenPlan | str:
    boundary, images = found.boundaries[-1], len(setup.train.labels)
    whole = boundary.stages == len(setup.classifier.stages)
    views, wanted = None, setup.job.training
    if chosen_augment(phase, level, wanted) is not None:
        views = chosen_views(wanted.views, phase.epochs, boundary.row_bytes, images, room)
        if views is None:
            return f"every image is changed anew in each of them (augmentation: {level})"
    elif phase.epochs == 1 and not whole:
        return "there is a single one"
    passing = images * (views or 1) + _held_out(setup, whole=whole)
    unfreezing = _is_unfreezing(setup, phase)
    return FrozenPlan(
        probe=found,
        boundary=boundary,
        taps=_taps(setup, found, boundary, passing, unfreezing=unfreezing),
        views=views,
        images=passing,
        whole=whole,
        unfreezing=unfreezing,
    )


def _held_out(setup: Given, *, whole: bool) -> int:
    return len(setup.validation.labels) + (len(setup.test.labels) if whole else 0)


def _worth_reading(boundary: Boundary, device: torch.device) -> bool:
    least = _WORTH_READING.get(device.type, _WORTH_READING["cuda"])
    return boundary.operations >= least * boundary.row_bytes


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
