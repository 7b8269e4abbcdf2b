"""Finds, fetches, checks and takes in the files of pretrained weights."""

from .download import Patience
from .errors import WeightsError
from .importing import import_weights
from .store import WeightsStatus, fetch_weights, locate_weights, weights_status

__all__ = [
    "Patience",
    "WeightsError",
    "WeightsStatus",
    "fetch_weights",
    "import_weights",
    "locate_weights",
    "weights_status",
]
