"""The features of a whole backbone, for whoever asks for them outside of a phase that learns."""

from __future__ import annotations

from collections.abc import Generator

from graftwork.paths import activations_folder

from ..classifier import Classifier
from ..errors import TrainingError
from ..events import TrainingEvent
from ..inputs import Samples
from ..training_settings import FrozenPassChoice
from .computing import FrozenWork, frozen_samples, kept_samples, passed_samples
from .engines import exact_engines
from .probing import probe
from .sources import plain_source
from .store import ActivationStore

_WORTH_A_START = 100  # images; an engine's start takes as long as some twenty


def frozen_features(
    classifier: Classifier,
    *parts: Samples,
    wanted: FrozenPassChoice = "auto",
    store: ActivationStore | None = None,
) -> Generator[TrainingEvent, None, tuple[Samples, ...]]:
    """The features (n, features), fp32, that the whole backbone gives for each part's images.

    They are read where an earlier run, or the training itself, has computed them. Raises
    ``TrainingError`` for a backbone whose stages hand on more than one tensor of numbers.
    """
    work = _whole(classifier, parts, store)
    if work is None:
        msg = (
            f"The stages of {classifier.info.backbone} hand on something else than one tensor, so "
            "its features cannot be computed by themselves: choose another strategy or backbone."
        )
        raise TrainingError(msg)
    return (yield from frozen_samples(work, wanted))


def exact_features(
    classifier: Classifier, part: Samples, *, store: ActivationStore | None = None
) -> Samples | None:
    """The same of one part in single precision, for who needs each of them once.

    They are read if all were computed earlier, and else computed when they are asked for. None for
    a backbone whose stages hand on more than one tensor of numbers, or if an engine, which is tried
    on a few images, has too few others to earn its start.
    """
    work = _whole(classifier, (part,), store)
    if work is None:
        return None
    (features,) = _kept(work) or _passed(work) or (None,)
    return features


def _kept(work: FrozenWork) -> tuple[Samples, ...] | None:
    found = (kept_samples(work, engine) for engine in exact_engines())
    return next((kept for kept in found if kept), None)


def _passed(work: FrozenWork) -> tuple[Samples, ...] | None:
    return passed_samples(work) if work.images >= _WORTH_A_START else None


def _whole(
    classifier: Classifier, parts: tuple[Samples, ...], store: ActivationStore | None
) -> FrozenWork | None:
    found = probe(classifier, parts[0], len(classifier.stages))
    if len(found.boundaries) < len(classifier.stages):
        return None
    return FrozenWork(
        classifier=classifier,
        store=store or ActivationStore(activations_folder()),
        probe=found,
        boundary=found.boundaries[-1],
        taps=(),
        sources=tuple(plain_source(part, classifier.mean.device) for part in parts),
    )
