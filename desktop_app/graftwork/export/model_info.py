"""What an exported model says of itself, in the ONNX file's own metadata."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from graftwork.data.input_spec import InputSpec

METADATA_KEY = "graftwork"
FORMAT_VERSION = 1

_DAMAGED = "what Graftwork wrote about it is damaged"

InputKind = Literal["images", "prepared"]


class ModelInfo(BaseModel):
    """All that is needed to use the file and to know where it comes from.

    A model of ``images`` takes uint8 (N, H, W, channels) of any height and width; one of
    ``prepared`` input takes float32 (N, channels, size, size), resized and normalized.
    """

    model_config = ConfigDict(frozen=True)

    format_version: int = FORMAT_VERSION
    input_kind: InputKind
    classes: tuple[str, ...]
    input: InputSpec
    backbone: str
    strategy: str
    data_fingerprint: str
    graftwork_version: str


def to_metadata(info: ModelInfo) -> dict[str, str]:
    """The metadata of the file: one document for Graftwork, and plain keys for other programs.

    ``names`` is written as Ultralytics' models write it, a Python dictionary by class index.
    """
    return {
        METADATA_KEY: info.model_dump_json(),
        "classes": json.dumps(info.classes, ensure_ascii=False),
        "names": str(dict(enumerate(info.classes))),
        "preprocessing": info.input.model_dump_json(),
        "backbone": info.backbone,
        "strategy": info.strategy,
        "data_fingerprint": info.data_fingerprint,
        "graftwork_version": info.graftwork_version,
    }


def from_metadata(metadata: Mapping[str, str]) -> ModelInfo:
    """What ``to_metadata`` wrote.

    Raises ``ValueError``, with a sentence about the file, if it is missing, newer or damaged.
    """
    if METADATA_KEY not in metadata:
        msg = "it was not exported by Graftwork: it does not name its classes and preprocessing"
        raise ValueError(msg)
    try:
        document = json.loads(metadata[METADATA_KEY])
        newer = document["format_version"] > FORMAT_VERSION
    except (ValueError, TypeError, KeyError) as error:
        raise ValueError(_DAMAGED) from error
    if newer:
        version = document.get("graftwork_version", "unknown")
        msg = f"it needs a newer Graftwork: version {version} exported it"
        raise ValueError(msg)
    return _validated(document)


def _validated(document: Any) -> ModelInfo:
    try:
        return ModelInfo.model_validate(document)
    except ValidationError as error:
        raise ValueError(_DAMAGED) from error
