"""The resize on a processor: only the source pixels that weigh something are multiplied.

An output pixel weighs a few source pixels, so that the matrices of the resize are bands of
numbers among zeros. Products of short stretches of the bands are four times as fast as those of
the whole matrices, and the floats of a large image are never all in memory. Both give the same
levels, but where two orders of adding fall on the two sides of a rounding: about one value in ten
million.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from .filter_weights import filter_weights, to_levels

if TYPE_CHECKING:
    from .input_spec import InputSpec

PAD_LEVEL = 127
"""The grey, of 255, around an image that is padded to a square."""

# Measured on images of 100 to 4000 pixels a side.
_OUTPUTS = 16  # a stretch: what a product costs besides its sums, against zeros
_VALUES = 2**19  # of images that are floats at a time

_PLANS = 64  # sizes of images whose weights are kept


@dataclass(frozen=True, kw_only=True)
class _Stretch:
    """Neighbouring outputs, which weigh the sources from ``first`` to before ``end`` alone."""

    first: int
    end: int
    weights: Tensor


@dataclass(frozen=True, kw_only=True)
class _Plan:
    """Stretches downwards, with weights (outputs, sources), and across, (sources, outputs)."""

    down: tuple[_Stretch, ...]
    across: tuple[_Stretch, ...]
    border: Tensor | None


def resize_images(images: Tensor, spec: InputSpec) -> Tensor:
    """Levels (N, size, size, channels), uint8, of uint8 images (N, H, W, channels) in memory.

    A few small images at once take less time than one by one, and give the same.
    """
    if _are_grey(images):
        return _resized(images[..., :1], spec).expand(*[-1] * 3, images.shape[3]).contiguous()
    return _resized(images, spec)


def _are_grey(images: Tensor) -> bool:
    """Whether all channels, of which there are several, show the same."""
    others = range(1, images.shape[3])
    # The first rows alone tell nearly every color image.
    return len(others) > 0 and all(
        torch.equal(part[..., 0], part[..., other])
        for part in (images[:, :1], images)
        for other in others
    )


def _resized(images: Tensor, spec: InputSpec) -> Tensor:
    count, height, width, channels = images.shape
    plan = _plan(height, width, spec)
    strips = images.split(max(1, _VALUES // (count * width * channels)), 1)
    narrowed = torch.cat([_narrowed(strip, plan, spec.size) for strip in strips], 1)
    sums = torch.empty(count, spec.size, channels * spec.size)
    for part, place in zip(plan.down, sums.split(_OUTPUTS, 1), strict=True):
        torch.matmul(part.weights, narrowed[:, part.first : part.end], out=place)
    levels = to_levels(sums).to(torch.uint8).view(count, spec.size, channels, spec.size)
    if plan.border is not None:
        levels.masked_fill_(plan.border[:, None], PAD_LEVEL)
    return levels.permute(0, 1, 3, 2).contiguous()


def _narrowed(strips: Tensor, plan: _Plan, size: int) -> Tensor:
    """Levels (N, H, channels * size) of rows (N, H, W, channels): each channel for itself."""
    lines = strips.permute(0, 1, 3, 2).reshape(-1, strips.shape[2]).float()
    sums = torch.empty(len(lines), size)
    for part, place in zip(plan.across, sums.split(_OUTPUTS, 1), strict=True):
        torch.matmul(lines[:, part.first : part.end], part.weights, out=place)
    return to_levels(sums).view(*strips.shape[:2], -1)


@lru_cache(_PLANS)
@torch.no_grad()
def _plan(height: int, width: int, spec: InputSpec) -> _Plan:
    rows, columns = filter_weights(torch.empty((0, height, width, 1), dtype=torch.uint8), spec)
    return _Plan(
        down=_stretches(rows.weights, transposed=False),
        across=_stretches(columns.weights, transposed=True),
        border=~(rows.inside[:, None] & columns.inside) if spec.fit == "pad" else None,
    )


def _stretches(weights: Tensor, *, transposed: bool) -> tuple[_Stretch, ...]:
    return tuple(_stretch(part, transposed=transposed) for part in weights.split(_OUTPUTS))


def _stretch(weights: Tensor, *, transposed: bool) -> _Stretch:
    used = weights.any(0).nonzero()
    # Outputs beside a padded image weigh nothing; one source keeps the product whole.
    first, end = (int(used[0]), int(used[-1]) + 1) if len(used) else (0, 1)
    band = weights[:, first:end]
    return _Stretch(first=first, end=end, weights=(band.T if transposed else band).contiguous())
