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

# Measured on 100 to 4000 pixels a side: what a product costs besides its sums, against zeros.
_OUTPUTS = 16  # a stretch
_ROWS = 128  # of an image that are floats at a time

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


def resize_image(image: Tensor, spec: InputSpec) -> Tensor:
    """Levels (size, size, channels), uint8, of one uint8 image (H, W, channels) in memory."""
    channels = image.shape[2]
    if _is_grey(image):
        return _resized(image[:, :, :1], spec).expand(-1, -1, channels).contiguous()
    return _resized(image, spec)


def _is_grey(image: Tensor) -> bool:
    """Whether all channels, of which there are several, show the same."""
    others = range(1, image.shape[2])
    # The first row alone tells nearly every color image.
    return len(others) > 0 and all(
        torch.equal(part[:, :, 0], part[:, :, other])
        for part in (image[:1], image)
        for other in others
    )


def _resized(image: Tensor, spec: InputSpec) -> Tensor:
    height, width, channels = image.shape
    plan = _plan(height, width, spec)
    narrowed = torch.cat([_narrowed(strip, plan) for strip in image.split(_ROWS)])
    sums = torch.cat([part.weights @ narrowed[part.first : part.end] for part in plan.down])
    levels = to_levels(sums).to(torch.uint8).view(spec.size, channels, spec.size)
    if plan.border is not None:
        levels.masked_fill_(plan.border[:, None], PAD_LEVEL)
    return levels.permute(0, 2, 1).contiguous()


def _narrowed(strip: Tensor, plan: _Plan) -> Tensor:
    """Levels (H, channels * size) of rows (H, W, channels): each channel for itself."""
    lines = strip.permute(0, 2, 1).contiguous().view(-1, strip.shape[1]).float()
    sums = torch.cat([lines[:, part.first : part.end] @ part.weights for part in plan.across], 1)
    return to_levels(sums).view(len(strip), -1)


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
