"""Shows what a job's augmentation does to a few of its own images."""

from __future__ import annotations

from collections import Counter
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from graftwork.data.augmentation import Augment, build_augmentation, sample_seed
from graftwork.data.decoding import decode_with
from graftwork.data.input_spec import InputSpec, IntensityRange
from graftwork.data.intensity import to_eight_bits
from graftwork.data.resize import resize
from graftwork.plugin_api import (
    Augmentation,
    Catalog,
    DatasetError,
    Decoder,
    Item,
    UnusableImageError,
)
from graftwork.plugin_host.registry import Registry

from .events import Progress
from .job import TrainingJob
from .reading import input_of
from .setup import chosen_augmentation

_WHAT = "Changing images"


@dataclass(frozen=True, kw_only=True)
class Example:
    """An image as the network sees it (size, size, channels), uint8, and changed versions of it.

    ``versions`` are (n, size, size, channels), uint8.
    """

    item: Item
    original: npt.NDArray[np.uint8]
    versions: npt.NDArray[np.uint8]


@dataclass(frozen=True, kw_only=True)
class Examples:
    """What the level does, the strategy's own or the user's; no versions if it does nothing."""

    level: Augmentation
    shown: tuple[Example, ...]


def augmentation_examples(
    job: TrainingJob,
    registry: Registry,
    catalog: Catalog,
    decoder: Decoder,
    *,
    images: int,
    versions: int,
    intensity: IntensityRange | None = None,
    again: int = 0,
) -> Generator[Progress, None, Examples]:
    """So many images, of different classes where there are, with so many versions of each.

    ``intensity`` is the range of deep images; ``again`` chooses others. Raises ``DatasetError``
    if no image can be used.
    """
    level = chosen_augmentation(job, registry.strategy(job.strategy))
    augment = build_augmentation(level, job.training)
    spec = input_of(job, registry.backbone(job.backbone), intensity)
    shown: list[Example] = []
    for place in _order(catalog, sample_seed(job.seed, again)):
        seeds = [sample_seed(job.seed, again, place, number) for number in range(versions)]
        example = _example(catalog.items[place], decoder, spec, augment, seeds)
        shown += [example] if example else []
        yield Progress(what=_WHAT, done=len(shown), total=images)
        if len(shown) == images:
            break
    if not shown:
        msg = f"None of the images in {catalog.root} can be used."
        raise DatasetError(msg)
    return Examples(level=level, shown=tuple(shown))


def _order(catalog: Catalog, seed: int) -> Iterator[int]:
    """All places of the catalog, drawn by the seed, taking classes in turn."""
    seen: Counter[str] = Counter()
    turns: list[tuple[int, int, int]] = []
    for place in np.random.default_rng(seed).permutation(len(catalog.items)).tolist():
        label = catalog.items[place].label
        turns.append((seen[label], len(turns), place))
        seen[label] += 1
    return (place for _, _, place in sorted(turns))


def _example(
    item: Item, decoder: Decoder, spec: InputSpec, augment: Augment | None, seeds: list[int]
) -> Example | None:
    """None if the file cannot be used."""
    try:
        image = to_eight_bits(decode_with(decoder, item.path, spec.channels), spec.intensity)
    except (UnusableImageError, OSError):
        return None
    pixels = resize(torch.from_numpy(image)[None], spec).to(torch.uint8)
    copies = pixels.expand(len(seeds), -1, -1, -1)
    changed = copies[:0] if augment is None else augment(copies, seeds)
    return Example(item=item, original=_rows(pixels)[0], versions=_rows(changed))


def _rows(pixels: torch.Tensor) -> npt.NDArray[Any]:
    levels = pixels.round().to(torch.uint8) if pixels.is_floating_point() else pixels
    return np.ascontiguousarray(levels.permute(0, 2, 3, 1).numpy())
