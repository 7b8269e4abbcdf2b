"""Checkpoints as files: written so that a kill at any moment leaves a whole one, and checked.

A checkpoint is two files of one number: the tensors, and a document with the progress and the
digests (SHA-256) of both. The document is written last: without it there is no checkpoint.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor

from graftwork.files import replacing, sha256_of, write_text

from .progress import RunProgress

KEPT = 2


@dataclass(frozen=True, kw_only=True)
class Checkpoint:
    """How far a run is, and every tensor that it needs to go on."""

    progress: RunProgress
    tensors: Mapping[str, Tensor]


@dataclass(frozen=True, kw_only=True)
class Found:
    """The newest whole checkpoint, and what was wrong with newer ones."""

    checkpoint: Checkpoint | None
    damaged: tuple[str, ...]


def write_checkpoint(folder: Path, checkpoint: Checkpoint) -> None:
    """Keep this checkpoint beside the one before it; older ones go. Raises ``OSError``."""
    folder.mkdir(exist_ok=True)
    number = checkpoint.progress.number
    with replacing(_tensors(folder, number)) as temporary:
        _save(checkpoint.tensors, temporary)
        digest = sha256_of(temporary)
    write_text(_document(folder, number), _sealed(checkpoint.progress, digest))
    _remove_all_but(folder, {number - place for place in range(KEPT)})


def newest_checkpoint(folder: Path) -> Found:
    """The newest checkpoint whose digests are right; a damaged one falls back to the one before."""
    damaged: list[str] = []
    for document in sorted(folder.glob("*.json"), key=_number, reverse=True):
        try:
            return Found(checkpoint=_read(document), damaged=tuple(damaged))
        except (OSError, ValueError, KeyError, SafetensorError) as error:
            damaged.append(f"{document.name}: {_reason(error)}")
    return Found(checkpoint=None, damaged=tuple(damaged))


def remove_checkpoints(folder: Path) -> None:
    """Remove what is no longer needed: the run is finished, and that is noted."""
    _remove_all_but(folder, set())
    if folder.is_dir() and not any(folder.iterdir()):
        folder.rmdir()


def _read(document: Path) -> Checkpoint:
    sealed = json.loads(document.read_text("utf-8"))
    body = sealed["progress"]
    if hashlib.sha256(body.encode()).hexdigest() != sealed["progress_sha256"]:
        msg = "its text is not what was written"
        raise ValueError(msg)
    progress = RunProgress.model_validate_json(body)
    tensors = _tensors(document.parent, progress.number)
    if sha256_of(tensors) != sealed["tensors_sha256"]:
        msg = "its tensors are not what was written"
        raise ValueError(msg)
    return Checkpoint(progress=progress, tensors=load_file(tensors))


def _sealed(progress: RunProgress, tensors_sha256: str) -> str:
    body = progress.model_dump_json()
    digest = hashlib.sha256(body.encode()).hexdigest()
    sealed = {"tensors_sha256": tensors_sha256, "progress_sha256": digest, "progress": body}
    return json.dumps(sealed, indent=1)


def _save(tensors: Mapping[str, Tensor], file: Path) -> None:
    try:
        # Off the GPU first, which may have no room for copies.
        save_file({name: value.cpu().contiguous() for name, value in tensors.items()}, file)
    except SafetensorError as error:
        raise OSError(str(error)) from error


def _remove_all_but(folder: Path, kept: set[int]) -> None:
    """The document goes first: what is left of a kill in between is no checkpoint."""
    for suffix in ("json", "safetensors"):
        for file in _numbered(folder, suffix):
            if _number(file) not in kept:
                file.unlink(missing_ok=True)
    for litter in folder.glob(".*.part"):
        litter.unlink(missing_ok=True)


def _numbered(folder: Path, suffix: str) -> Iterator[Path]:
    return (file for file in folder.glob(f"*.{suffix}") if file.stem.isdigit())


def _tensors(folder: Path, number: int) -> Path:
    return folder / f"{number}.safetensors"


def _document(folder: Path, number: int) -> Path:
    return folder / f"{number}.json"


def _number(file: Path) -> int:
    return int(file.stem) if file.stem.isdigit() else -1


def _reason(error: Exception) -> str:
    if isinstance(error, ValidationError):
        return "its progress cannot be understood"
    return str(error) or type(error).__name__
