"""A sample of a run's training images, kept so that a later run can train on them as well."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from pydantic import BaseModel, ConfigDict, ValidationError
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from graftwork.data.input_spec import InputSpec
from graftwork.files import replacing

from ..errors import TrainingError
from ..inputs import Samples
from .balanced import places_of_each_class

SAMPLE_FILE = "sample.safetensors"
_KEY = "graftwork"


class _SampleInfo(BaseModel):
    """What the pixels are: stands in the file's metadata."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    classes: tuple[str, ...]
    input: InputSpec


@dataclass(frozen=True, kw_only=True)
class StoredSample:
    """Resized images with their labels, as ``Samples``.

    The i-th image is in row ``rows[i]`` of ``pixels`` (N, size, size, C), uint8, which stay in
    their file until they are asked for. ``left_out`` are classes of the earlier run that the
    present one does not have.
    """

    pixels: Tensor
    rows: Tensor
    labels: Tensor
    left_out: tuple[str, ...] = ()

    def batch(self, places: Tensor) -> Tensor:
        """Pixels (N, C, size, size), uint8, in channels-last order in memory."""
        return self.pixels[self.rows[places]].permute(0, 3, 1, 2)

    def of_each_class(self, count: int, seed: int) -> StoredSample:
        """At most ``count`` images of each class."""
        places = places_of_each_class(self.labels, count, seed)
        return replace(self, rows=self.rows[places], labels=self.labels[places])


class JoinedSamples:
    """Several samples one after the other: places go on from one to the next."""

    def __init__(self, parts: Sequence[Samples]) -> None:
        self._parts = tuple(parts)
        self._starts = [sum(len(each.labels) for each in parts[:k]) for k in range(len(parts))]
        self.labels = torch.cat([part.labels for part in parts])

    def batch(self, places: Tensor) -> Tensor:
        """The inputs at these places, in their order."""
        owners = torch.searchsorted(torch.tensor(self._starts), places, right=True) - 1
        found = [
            part.batch(places[owners == number] - self._starts[number])
            for number, part in enumerate(self._parts)
        ]
        whole = _room_like(found[0], len(places))
        for number, inputs in enumerate(found):
            whole[owners == number] = inputs
        return whole


def keep_sample(
    samples: Samples,
    folder: Path,
    *,
    classes: tuple[str, ...],
    spec: InputSpec,
    per_class: int,
    seed: int,
) -> None:
    """Write at most ``per_class`` training images of each class to a run's folder.

    Raises ``TrainingError`` if the disk does not take them; a file before stays whole.
    """
    places = places_of_each_class(samples.labels, per_class, seed)
    pixels = samples.batch(places).permute(0, 2, 3, 1).contiguous()
    info = _SampleInfo(classes=classes, input=spec)
    tensors = {"pixels": pixels, "labels": samples.labels[places].contiguous()}
    file = folder / SAMPLE_FILE
    try:
        with replacing(file) as temporary:
            save_file(tensors, temporary, metadata={_KEY: info.model_dump_json()})
    except (OSError, SafetensorError) as error:
        msg = f"The sample of images cannot be written to {file}: {error}."
        raise TrainingError(msg) from error


def read_sample(folder: Path, *, classes: tuple[str, ...], spec: InputSpec) -> StoredSample:
    """The sample that a run kept, with labels as indices in ``classes``, which are found by name.

    Raises ``TrainingError`` if there is none, if it is damaged, if its images were prepared
    otherwise than ``spec`` says, or if no class is known any more.
    """
    info, pixels, labels = _read(folder / SAMPLE_FILE)
    _refuse_other_input(info.input, spec)
    known = torch.tensor([classes.index(c) if c in classes else -1 for c in info.classes])
    renamed = known[labels]
    if not bool((renamed >= 0).any()):
        msg = f"The earlier run's sample has only classes that are not here: {info.classes}."
        raise TrainingError(msg)
    rows = (renamed >= 0).nonzero()[:, 0]
    return StoredSample(
        pixels=pixels,
        rows=rows,
        labels=renamed[rows],
        left_out=tuple(name for name in info.classes if name not in classes),
    )


def _read(file: Path) -> tuple[_SampleInfo, Tensor, Tensor]:
    try:
        with safe_open(file, framework="pt") as opened:
            info = _SampleInfo.model_validate_json((opened.metadata() or {}).get(_KEY, ""))
            return info, opened.get_tensor("pixels"), opened.get_tensor("labels")
    except FileNotFoundError as error:
        raise no_sample(file) from error
    except (OSError, SafetensorError, ValidationError) as error:
        msg = f"The earlier run's sample of images in {file} is damaged: {error}."
        raise TrainingError(msg) from error


def no_sample(file: Path) -> TrainingError:
    """What to say where the file of the sample is missing."""
    return TrainingError(
        f"The earlier run kept no sample of its images ({file} is missing). Only a run with "
        "keep_sample above 0 keeps one."
    )


def _refuse_other_input(kept: InputSpec, spec: InputSpec) -> None:
    was, now = (each.model_dump(exclude={"mean", "std"}) for each in (kept, spec))
    if was["intensity"] and now["intensity"]:  # each set of deep images has a range of its own
        was["intensity"] = now["intensity"]
    differing = [f"{k} was {was[k]} and is {now[k]}" for k in was if was[k] != now[k]]
    if differing:
        msg = (
            f"The earlier run's sample was prepared for another input: {'; '.join(differing)}. "
            "Set the same backbone, fit, size and channels, or do without the sample."
        )
        raise TrainingError(msg)


def _room_like(inputs: Tensor, count: int) -> Tensor:
    """An empty batch of this many such inputs, in their memory order."""
    order = torch.channels_last if inputs.ndim == 4 else torch.contiguous_format
    return torch.empty((count, *inputs.shape[1:]), dtype=inputs.dtype, memory_format=order)
