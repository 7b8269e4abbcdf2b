"""Penalties that pull weights back to what was learned before.

L2-SP: Li, Grandvalet and Davoine (2018). EWC: Kirkpatrick et al. (2017), with the diagonal of
Fisher's information from ``learning.importance``. Both see effective weights, with what is learned
by low rank added.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping

import torch
from torch import Tensor
from torch.nn import functional

from graftwork.plugin_api import EWC, HEAD, L2SP, Penalty

from .classifier import Classifier, stage_prefix
from .errors import no_earlier_sample
from .learning.low_rank import effective_parameters
from .optimizer import decays


def build_penalty(
    penalty: Penalty | None,
    classifier: Classifier,
    reference: Mapping[str, Tensor],
    importance: Mapping[str, Tensor] | None = None,
    *,
    new: Collection[str] = (),
) -> Callable[[], Tensor] | None:
    """What is added to the loss of a step; None where there is no penalty.

    ``reference`` holds the weights that the run began with, ``importance`` the diagonal of
    Fisher's information, both by plain name. Weights that are not in them, or have another shape
    there, or do not learn now (after ``set_learning``), are left alone. ``new`` are stages beside
    the head that began with random weights, which L2-SP does not pull back to them. Raises
    ``TrainingError`` for EWC without importance.
    """
    match penalty:
        case None:
            return None
        case L2SP():
            return _l2_sp(penalty, classifier, reference, new)
        case EWC():
            return _ewc(penalty, classifier, reference, importance)


def _l2_sp(
    penalty: L2SP, classifier: Classifier, reference: Mapping[str, Tensor], new: Collection[str]
) -> Callable[[], Tensor]:
    """``strength / 2 * |w - w0|^2`` for what was pretrained, ``head_strength / 2 * |w|^2`` else.

    Layers without a source, the head among them, have nowhere else to be pulled but to zero; what
    weight decay spares there (biases, norms, directions) is left alone.
    """
    known = _comparable(classifier, reference)
    without_source = tuple(stage_prefix(stage) for stage in (HEAD, *new))

    def value() -> Tensor:
        total = _nothing(classifier)
        for name, weight in _learning(classifier):
            if name.startswith(without_source):
                size = weight.square().sum() if decays(name, weight) else 0.0
                total = total + penalty.head_strength / 2 * size
            elif name in known:
                total = total + penalty.strength / 2 * _distance(weight, known[name])
        return total

    return value


def _ewc(
    penalty: EWC,
    classifier: Classifier,
    reference: Mapping[str, Tensor],
    importance: Mapping[str, Tensor] | None,
) -> Callable[[], Tensor]:
    """``strength / 2 * sum(importance * (w - w0)^2)``."""
    if importance is None:
        raise no_earlier_sample()
    known, matters = _comparable(classifier, reference), _comparable(classifier, importance)

    def value() -> Tensor:
        total = _nothing(classifier)
        for name, weight in _learning(classifier):
            if name in known and name in matters:
                pull = matters[name] * (weight - known[name]).square()
                total = total + penalty.strength / 2 * pull.sum()
        return total

    return value


def _nothing(classifier: Classifier) -> Tensor:
    """A zero that has gradients: it may be that nothing that learns is pulled."""
    return torch.zeros((), device=classifier.mean.device, requires_grad=True)


def _comparable(classifier: Classifier, given: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """What is given for weights that learn, in their shape, where they are."""
    return {
        name: given[name].to(weight.device)
        for name, weight in _learning(classifier)
        if name in given and given[name].shape == weight.shape
    }


def _learning(classifier: Classifier) -> Iterator[tuple[str, Tensor]]:
    return ((name, weight) for name, weight, learns in effective_parameters(classifier) if learns)


def _distance(weight: Tensor, reference: Tensor) -> Tensor:
    """The squared distance, in one pass over the memory."""
    return functional.mse_loss(weight, reference, reduction="sum")
