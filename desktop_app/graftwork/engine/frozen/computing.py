"""Gives what leaves frozen stages for some images: from the cache, or by the fastest pass."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass, replace

from ..classifier import Classifier
from ..events import Notice, TrainingEvent
from ..inputs import Samples
from ..training_settings import FrozenPassChoice
from .engines import build_pass, choose_engines, is_exact, outlets_of
from .filling import Filling, Outlet, OverflowedError
from .keys import pass_key
from .passes import FrozenPass
from .probing import Boundary, Probe
from .samples import KeptSamples, PassedSamples
from .sources import Source
from .store import ActivationStore

_LAST_RESORT = "torch-plain computes everything"

Found = Generator[TrainingEvent, None, tuple[Samples, ...]]
"""Says what is done, and gives the samples of each source."""


@dataclass(frozen=True, kw_only=True)
class FrozenWork:
    """Sources that are to go through the stages below a boundary, tapped at ``taps`` on the way.

    ``unfreezing`` says that later phases are likely to need what is tapped.
    """

    classifier: Classifier
    store: ActivationStore
    probe: Probe
    boundary: Boundary
    taps: tuple[Boundary, ...]
    sources: tuple[Source, ...]
    unfreezing: bool = False

    @property
    def images(self) -> int:
        """How many there are in all sources."""
        return sum(len(source.digests) for source in self.sources)

    @property
    def operations(self) -> int:
        """Floating-point operations for all of them."""
        return self.boundary.operations * self.images


def frozen_samples(work: FrozenWork, wanted: FrozenPassChoice) -> Found:
    """What leaves the stages for the images of each source.

    The numbers depend on images, stages, engine and machine, and not on what is kept already or on
    the room on the disk: these decide the time alone. One case is excepted: where an image beyond
    those that were probed gives more than fp16 holds, and the disk has no room, it is cut.
    """
    device = work.classifier.mean.device
    choice = choose_engines(wanted, device, work.operations, tapped=work.unfreezing)
    if choice.warning:
        yield _warning(f"Frozen stages: {choice.warning}; torch computes them.")
    for engine in choice.names:
        if is_exact(engine) and (kept := kept_samples(work, engine)):
            yield _info("What the frozen stages give was computed earlier: it is read.")
            return kept
        outlets = outlets_of(engine, device, work.taps, work.boundary)
        built = build_pass(engine, work.classifier, outlets, work.probe)
        if isinstance(built, FrozenPass):
            return (yield from _computed(work, wanted, engine, built))
        yield _warning(f"Frozen stages are not computed by {engine}: {built}.")
    raise AssertionError(_LAST_RESORT)


def kept_samples(work: FrozenWork, engine: str) -> tuple[Samples, ...] | None:
    """The samples of each source, if this engine gave all of them earlier."""
    return _kept(work, pass_key(work.classifier, work.boundary, engine))


def passed_samples(work: FrozenWork) -> tuple[Samples, ...]:
    """The samples of each source, computed by the fastest exact engine when they are asked for."""
    device = work.classifier.mean.device
    for engine in choose_engines("auto", device, work.operations).names:
        built = build_pass(engine, work.classifier, (work.boundary.stages,), work.probe)
        if isinstance(built, FrozenPass):
            return _passed(work, built)
    raise AssertionError(_LAST_RESORT)


def _computed(work: FrozenWork, wanted: FrozenPassChoice, engine: str, frozen: FrozenPass) -> Found:
    filling = Filling(
        store=work.store,
        frozen=frozen,
        outlets=tuple(_outlet(work, engine, stages) for stages in frozen.outlets),
        sources=work.sources,
    )
    yield _info(f"Frozen stages are computed by {engine}, {frozen.batch} images at once.")
    try:
        yield from filling.run()
    except OverflowedError as error:
        return (yield from frozen_samples(_without_half(work, error.stages), wanted))
    except OSError as error:
        yield _warning(_no_room(error))
        return _passed(work, frozen)
    kept = _kept(work, filling.outlets[-1].key)
    if kept is None:
        yield _warning(_gone())
    return kept or _passed(work, frozen)


def _without_half(work: FrozenWork, stages: int) -> FrozenWork:
    """The same with fp32 at this boundary, or without tapping there."""
    if stages == work.boundary.stages:
        return replace(work, boundary=replace(work.boundary, half=False))
    return replace(work, taps=tuple(tap for tap in work.taps if tap.stages != stages))


def _outlet(work: FrozenWork, engine: str, stages: int) -> Outlet:
    known = {boundary.stages: boundary for boundary in (*work.taps, work.boundary)}
    boundary = known[stages]
    return Outlet(boundary=boundary, key=pass_key(work.classifier, boundary, engine))


def _kept(work: FrozenWork, key: str) -> tuple[Samples, ...] | None:
    shelf, last = work.store.open(key), work.boundary.channels_last
    try:
        return tuple(
            KeptSamples(
                rows=shelf.rows(source.digests), labels=source.samples.labels, channels_last=last
            )
            for source in work.sources
        )
    except (KeyError, OSError):  # another process may remove it at any moment
        return None


def _passed(work: FrozenWork, frozen: FrozenPass) -> tuple[Samples, ...]:
    return tuple(
        PassedSamples(frozen=frozen, source=source, boundary=work.boundary)
        for source in work.sources
    )


def _no_room(error: OSError) -> str:
    return (
        f"What the frozen stages give cannot be kept ({error.strerror or error}): it is computed "
        "anew in every epoch, which takes longer and gives the same."
    )


def _gone() -> str:
    return (
        "What the frozen stages gave had to make room for another program's, or cannot be opened: "
        "it is computed anew in every epoch, which takes longer and gives the same."
    )


def _info(text: str) -> Notice:
    return Notice(level="info", text=text)


def _warning(text: str) -> Notice:
    return Notice(level="warning", text=text)
