"""Names what frozen stages give by all that decides it, down to the last bit."""

from __future__ import annotations

import hashlib
import json
from importlib import import_module

import torch

from graftwork import __version__

from ..classifier import Classifier
from ..device import device_name
from ..weights_file import digest
from .code import code_of
from .passes import batch_for
from .probing import Boundary, leading

_VERSION = 1  # to be raised when the same pass gives other numbers than before


def pass_key(classifier: Classifier, boundary: Boundary, engine: str) -> str:
    """The key of what leaves the first stages, computed by this engine on this device."""
    device = classifier.mean.device
    stages = leading(classifier.stages, boundary.stages)
    facts = {
        "version": _VERSION,
        "graftwork": __version__,
        "input": classifier.info.input.model_dump(),
        "stages": repr(stages),
        "code": code_of(stages),
        "torch": torch.__version__,  # which makes the views, and what other engines are built from
        "weights": digest(stages.state_dict()),
        "dtype": str(boundary.dtype),
        "channels_last": boundary.channels_last,
        "engine": [engine, import_module(engine.partition("-")[0]).__version__],
        "batch": batch_for(engine, device, boundary.operations),
        "device": [device.type, device_name(device), torch.get_num_threads()],
    }
    return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()[:32]
