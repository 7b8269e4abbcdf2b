"""Averages of weights that are validated and kept in the place of the last ones.

EMA is an exponential moving average over steps; its decay grows from the start as
``(1 + n) / (10 + n)`` after n steps, so that the first weights do not linger. SWA (Izmailov et al.,
2018) is the mean over the ends of epochs. Both average the parameters that learn (factors, where
low-rank additions learn). Of statistics of batch normalization that follow the images, EMA keeps
the same moving average; those of SWA's weights have to be measured anew.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm
from torch.optim.swa_utils import get_ema_multi_avg_fn, get_swa_multi_avg_fn

from graftwork.plugin_api import EMA, SWA, Phase

from .classifier import Classifier
from .freezing import adapts, batch_norms

_COUNT = "count"


class Averager:
    """Follows tensors of the classifier that change in a phase, and lends their average."""

    def __init__(self, followed: Mapping[str, Tensor]) -> None:
        self._followed = dict(followed)
        self._average = {name: tensor.detach().clone() for name, tensor in followed.items()}
        self._count = 0

    @property
    def stale_statistics(self) -> frozenset[str]:
        """Stages whose statistics must be measured anew while the average is applied."""
        return frozenset()

    def after_step(self) -> None:
        """Take note of the weights after a step of the optimizer."""

    def after_epoch(self, epoch: int, epochs: int) -> None:
        """Take note of the weights after an epoch (from 1), of as many as the phase may have."""

    @contextmanager
    def applied(self) -> Iterator[None]:
        """In the block the classifier holds the average; after it, its own weights again."""
        own = {name: tensor.detach().clone() for name, tensor in self._followed.items()}
        _copy(self._average, self._followed)
        try:
            yield
        finally:
            _copy(own, self._followed)

    def state(self) -> dict[str, Tensor]:
        """Copies of all that the average consists of."""
        kept = {name: tensor.clone() for name, tensor in self._average.items()}
        return {**kept, _COUNT: torch.tensor(self._count)}

    def load(self, state: Mapping[str, Tensor]) -> None:
        """Go on from a ``state()``, exactly."""
        _copy(state, self._average)
        self._count = int(state[_COUNT])


def build_averager(averaging: EMA | SWA, classifier: Classifier, phase: Phase) -> Averager:
    """An averager of what learns in the classifier now (after ``set_learning``)."""
    learning = {name: p for name, p in classifier.named_parameters() if p.requires_grad}
    match averaging:
        case EMA(decay=decay):
            return _OverSteps({**learning, **_statistics(classifier, phase)}, decay)
        case SWA(start=start):
            stale = frozenset(name for name, _ in _following(classifier, phase))
            statistics = {**_statistics(classifier, phase), **_counts(classifier, phase)}
            return _OverEpochs(learning, start, statistics, stale)


class _OverSteps(Averager):
    """EMA."""

    def __init__(self, followed: Mapping[str, Tensor], decay: float) -> None:
        super().__init__(followed)
        self._decay = decay

    def after_step(self) -> None:
        self._count += 1
        decay = min(self._decay, (1 + self._count) / (10 + self._count))
        average = get_ema_multi_avg_fn(decay)
        average(list(self._average.values()), _values(self._followed), self._count)


class _OverEpochs(Averager):
    """SWA; until its start it lends the classifier's own weights."""

    def __init__(
        self,
        followed: Mapping[str, Tensor],
        start: float,
        statistics: Mapping[str, Tensor],
        stale: frozenset[str],
    ) -> None:
        super().__init__(followed)
        self._start = start
        self._statistics = statistics
        self._stale = stale

    @property
    def stale_statistics(self) -> frozenset[str]:
        return self._stale if self._count else frozenset()

    def after_epoch(self, epoch: int, epochs: int) -> None:
        if epoch <= self._start * epochs:
            return
        average = get_swa_multi_avg_fn()
        average(list(self._average.values()), _values(self._followed), self._count)
        self._count += 1

    @contextmanager
    def applied(self) -> Iterator[None]:
        if self._count == 0:
            yield
            return
        own = {name: tensor.clone() for name, tensor in self._statistics.items()}
        try:
            with super().applied():
                yield
        finally:
            _copy(own, self._statistics)


def _statistics(classifier: Classifier, phase: Phase) -> dict[str, Tensor]:
    """Means and variances of the normalizations that follow the images, by name."""
    norms = [norm for _, norm in _following(classifier, phase)]
    wanted = {id(value) for norm in norms for value in (norm.running_mean, norm.running_var)}
    return {name: value for name, value in classifier.named_buffers() if id(value) in wanted}


def _counts(classifier: Classifier, phase: Phase) -> dict[str, Tensor]:
    """How many batches they have followed."""
    wanted = {id(norm.num_batches_tracked) for _, norm in _following(classifier, phase)}
    return {name: value for name, value in classifier.named_buffers() if id(value) in wanted}


def following_norms(classifier: Classifier, phase: Phase) -> nn.ModuleList:
    """The batch normalizations that follow the images in this phase."""
    return nn.ModuleList(norm for _, norm in _following(classifier, phase))


def _following(classifier: Classifier, phase: Phase) -> Iterator[tuple[str, _BatchNorm]]:
    """The normalizations that follow the images in this phase, each with its stage's name."""
    for name, stage in classifier.named_stages().items():
        if adapts(phase, name):
            yield from ((name, norm) for norm in batch_norms(stage))


def _values(tensors: Mapping[str, Tensor]) -> list[Tensor]:
    return [tensor.detach() for tensor in tensors.values()]


@torch.no_grad()
def _copy(source: Mapping[str, Tensor], target: Mapping[str, Tensor]) -> None:
    for name, tensor in target.items():
        tensor.copy_(source[name])
