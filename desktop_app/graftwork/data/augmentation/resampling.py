"""Moves pixels along affine maps, in one bilinear resampling."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from .geometry import Maps
from .recipe import Border


def resampled(pixels: Tensor, maps: Maps, border: Border) -> Tensor:
    """Pixels (N, channels, size, size), float32, each image along its map of maps (N, 3, 3).

    There is no filter against aliasing: images are enlarged, or sheared and stretched a little.
    """
    moves = torch.from_numpy(maps).float().to(pixels.device, non_blocking=pixels.is_cuda)
    grid = _grid(moves, pixels.shape[-1])
    return functional.grid_sample(
        pixels, grid, mode="bilinear", padding_mode=border, align_corners=False
    )


def _grid(maps: Tensor, size: int) -> Tensor:
    """The source (N, size, size, 2) of each pixel.

    By sums rather than ``affine_grid``, whose matrix product is fifty times slower, and may round
    differently in a batch of another size.
    """
    centers = (torch.arange(size, device=maps.device) * 2 + 1) / size - 1
    grid = torch.empty(len(maps), size, size, 2, device=maps.device)
    for axis in range(2):
        across = maps[:, axis, 0, None] * centers
        down = maps[:, axis, 1, None] * centers + maps[:, axis, 2, None]
        torch.add(across[:, None, :], down[:, :, None], out=grid[..., axis])
    return grid
