"""Random changes to training images, each decided by the image's own seed.

``light`` moves, zooms and turns a little and varies brightness and contrast; it never flips, so
it is safe for letters, digits and everything with a left and a right. ``strong`` crops harder,
flips, applies one random change of TrivialAugment (Müller and Hutter, 2021) and erases a patch.
Images that are neither grey nor RGB are changed in shape only.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence

import torch
from torch import Tensor
from torchvision.transforms import InterpolationMode, v2

from graftwork.plugin_api import Augmentation

Augment = Callable[[Tensor, Sequence[int]], Tensor]
"""Changes uint8 pixels (N, channels, size, size), given one seed for each image."""


def build_augmentation(level: Augmentation, *, size: int, channels: int) -> Augment | None:
    """What changes a batch of training images; None for ``none``."""
    if level == "none":
        return None
    steps = _light(size) if level == "light" else _strong(size)
    usable = steps if channels in {1, 3} else [s for s in steps if _only_moves(s)]
    change = v2.Compose(usable)
    return lambda pixels, seeds: _each_by_its_seed(change, pixels, seeds)


def sample_seed(*parts: int) -> int:
    """A seed of 63 bits that depends on all parts and nothing else."""
    digest = hashlib.blake2b(",".join(map(str, parts)).encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") >> 1


def _each_by_its_seed(change: v2.Compose, pixels: Tensor, seeds: Sequence[int]) -> Tensor:
    """The processor's random state is put back, so that nothing else depends on this."""
    generator = torch.default_generator
    before = generator.get_state()
    try:
        changed = [_seeded(change, *pair) for pair in zip(pixels, seeds, strict=True)]
        return torch.stack(changed).contiguous(memory_format=torch.channels_last)
    finally:
        generator.set_state(before)


def _seeded(change: v2.Compose, image: Tensor, seed: int) -> Tensor:
    torch.default_generator.manual_seed(seed)
    changed: Tensor = change(image)
    return changed


def _light(size: int) -> list[v2.Transform]:
    turn = v2.RandomAffine(10, interpolation=InterpolationMode.BILINEAR, fill=127)
    zoom = v2.RandomResizedCrop(size, scale=(0.75, 1.0), ratio=(0.9, 1.1), antialias=True)
    return [turn, zoom, v2.ColorJitter(brightness=0.2, contrast=0.2)]


def _strong(size: int) -> list[v2.Transform]:
    zoom = v2.RandomResizedCrop(size, scale=(0.4, 1.0), antialias=True)
    return [zoom, v2.RandomHorizontalFlip(), v2.TrivialAugmentWide(), v2.RandomErasing(p=0.25)]


def _only_moves(step: v2.Transform) -> bool:
    return not isinstance(step, v2.ColorJitter | v2.TrivialAugmentWide)
