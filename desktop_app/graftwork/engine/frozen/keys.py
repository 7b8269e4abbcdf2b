"""Names what frozen stages give by all that decides it, down to the last bit."""

from __future__ import annotations

import hashlib
import json
from importlib import import_module

import torch
from torch import nn

from graftwork import __version__

from ..classifier import Classifier
from ..device import device_name
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
        "weights": weights_digest(stages),
        "dtype": str(boundary.dtype),
        "channels_last": boundary.channels_last,
        "engine": [engine, import_module(engine.partition("-")[0]).__version__],
        "batch": batch_for(engine, device, boundary.operations),
        "device": [device.type, device_name(device), torch.get_num_threads()],
    }
    return hashlib.sha256(json.dumps(facts).encode()).hexdigest()[:32]


def weights_digest(module: nn.Module) -> str:
    """SHA-256 over the names, types, shapes and bytes of all that the module holds."""
    digest = hashlib.sha256()
    for name, tensor in module.state_dict().items():
        digest.update(f"{name} {tensor.dtype} {tuple(tensor.shape)};".encode())
        content = tensor.detach().cpu().contiguous().view(-1).view(torch.uint8)
        digest.update(content.numpy())
    return digest.hexdigest()
