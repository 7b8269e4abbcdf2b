"""What describes a classifier beside its weights, and tells its weights from others, unloaded."""

from __future__ import annotations

from pathlib import Path

from pydantic import BaseModel, ConfigDict
from safetensors import SafetensorError, safe_open

from graftwork.data.input_spec import InputSpec

from .heads.spec import HeadSpec

WEIGHTS_FILE = "best.safetensors"
INFO_FILE = "classifier.json"
DIGEST = "sha256"
"""The name of the digest in a weights file's metadata."""


class ClassifierInfo(BaseModel):
    """All that is needed, beside the weights, to build a classifier again and to trust it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    classes: tuple[str, ...]
    input: InputSpec
    backbone: str
    strategy: str
    head: HeadSpec
    data_fingerprint: str
    graftwork_version: str


def kept_digest(file: Path) -> str | None:
    """The digest that the file says its tensors have; None if it cannot be read."""
    try:
        with safe_open(file, "np") as opened:
            return (opened.metadata() or {}).get(DIGEST)
    except (OSError, SafetensorError):
        return None
