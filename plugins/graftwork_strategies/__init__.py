"""The built-in strategies: the ways to transfer that suit most data sets."""

from __future__ import annotations

from collections.abc import Iterable

from graftwork.plugin_api import Strategy, hookimpl

from .feature_extraction import FEATURE_EXTRACTION
from .from_scratch import FROM_SCRATCH
from .full_fine_tuning import FULL_FINE_TUNING
from .head_then_all import HEAD_THEN_ALL
from .logistic_regression import LOGISTIC_REGRESSION
from .low_rank import LOW_RANK
from .named_stages import NAMED_STAGES
from .norms_and_biases import NORMS_AND_BIASES
from .partial_reinitialization import PARTIAL_REINITIALIZATION
from .progressive_unfreezing import PROGRESSIVE_UNFREEZING
from .prototypes import PROTOTYPES
from .surgical import SURGICAL
from .top_stages import TOP_STAGES

GRAFTWORK_API = 1


@hookimpl
def register_strategies() -> Iterable[Strategy]:
    """The default, and then from the cheapest to the dearest."""
    return [
        FEATURE_EXTRACTION,
        LOGISTIC_REGRESSION,
        PROTOTYPES,
        TOP_STAGES,
        NAMED_STAGES,
        SURGICAL,
        NORMS_AND_BIASES,
        LOW_RANK,
        HEAD_THEN_ALL,
        FULL_FINE_TUNING,
        PROGRESSIVE_UNFREEZING,
        PARTIAL_REINITIALIZATION,
        FROM_SCRATCH,
    ]
