"""Mixes a phase's first with its best weights, and lets validation choose the part of each.

WiSE-FT: Wortsman et al., "Robust fine-tuning of zero-shot models" (2022).
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping

import torch
from torch import Tensor

from graftwork.plugin_api import WiSE

from ..classifier import Classifier
from ..events import Progress
from ..scores import Scores
from ..training_settings import BestMetric

Validate = Callable[[], Generator[Progress, None, Scores]]


def choose_mixture(
    averaging: WiSE,
    classifier: Classifier,
    first: Mapping[str, Tensor],
    validate: Validate,
    metric: BestMetric,
) -> Generator[Progress, None, tuple[float, Scores]]:
    """Leave in the classifier, which holds the best weights, the mixture that ranks highest.

    Returns the part of the best weights in it (1: they stay as they are) and its figures.
    ``first`` are the phase's first weights by plain name, of all stages that changed; statistics
    of batch normalization are mixed as weights are. Closed before its end, it leaves the best
    weights.
    """
    best = {k: v.clone() for k, v in classifier.state_dict().items() if k in first}
    chosen = 1.0
    try:
        reached = yield from validate()
        for part in averaging.parts:
            classifier.load_state_dict(_mixture(first, best, part), strict=False)
            tried = yield from validate()
            if tried.rank(metric) > reached.rank(metric):
                chosen, reached = part, tried
    except BaseException:
        classifier.load_state_dict(best, strict=False)
        raise
    classifier.load_state_dict(_mixture(first, best, chosen), strict=False)
    return chosen, reached


def _mixture(
    first: Mapping[str, Tensor], best: Mapping[str, Tensor], part: float
) -> dict[str, Tensor]:
    """``first`` at 0, ``best`` at 1, to the bit; counts are those of ``best``."""
    return {
        name: torch.lerp(first[name], value, part) if value.is_floating_point() else value
        for name, value in best.items()
    }
