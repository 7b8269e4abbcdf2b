"""Weights of a classifier as a file that is noticed when it is damaged."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path

from safetensors.torch import load_file, save_file
from torch import Tensor, uint8

from graftwork.files import replacing

from .classifier_info import DIGEST, kept_digest


def write_weights(file: Path, tensors: Mapping[str, Tensor]) -> None:
    """Put the tensors, with their digest, in place of the file.

    Raises ``OSError`` or ``SafetensorError``; then the file before is still there.
    """
    # Off the GPU first, which may have no room for copies.
    whole = {name: value.cpu().contiguous() for name, value in tensors.items()}
    with replacing(file) as temporary:
        save_file(whole, temporary, metadata={DIGEST: digest(whole)})


def read_weights(file: Path) -> dict[str, Tensor]:
    """The tensors; raises ``OSError``, ``SafetensorError``, or ``ValueError`` for other content."""
    found = load_file(file)
    if digest(found) != kept_digest(file):
        msg = f"{file.name} is damaged: its content is not what was written (SHA-256)"
        raise ValueError(msg)
    return found


def digest(tensors: Mapping[str, Tensor]) -> str:
    """SHA-256 over the names, types, shapes and bytes of the tensors, in the order of names."""
    found = hashlib.sha256()
    for name, tensor in sorted(tensors.items()):
        found.update(f"{name} {tensor.dtype} {tuple(tensor.shape)};".encode())
        content = tensor.detach().cpu().contiguous().view(-1).view(uint8)
        found.update(content.numpy().data)
    return found.hexdigest()
