"""The one resize that training, evaluation, explanation and the exported graph share.

It resamples as Pillow does (antialiased: the filter widens with the reduction; first along rows,
then along columns, each rounded to 8 bits), written as two matrix products, so that it exports to
ONNX with batch, height and width left open and gives the same numbers there. It differs from
Pillow's two passes in this order by at most one level of 255, in a few values of a thousand;
newer releases of Pillow sometimes take the other order, which moves a tenth of the values by one.

Each fit is one affine map of coordinates an axis: the centre of output pixel i lies at
``(i + 0.5) * step + offset`` in the source.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor

if TYPE_CHECKING:
    from collections.abc import Callable

    from graftwork.plugin_api import Interpolation

    from .input_spec import Fit, InputSpec

PAD_LEVEL = 127
_MARGIN = 1e-3  # levels; well above what float32 sums of 8-bit values are off by
"""The grey, of 255, around an image that is padded to a square."""

_EDGE_SLACK = 1e-3  # of an output pixel, so that rounding never decides what is border

_BLOCK = 128  # columns of the source, about, that are worth a product of their own


def resize(images: Tensor, spec: InputSpec) -> Tensor:
    """Pixels (N, channels, size, size) of uint8 images (N, H, W, channels).

    The values are whole numbers 0..255, as float32, on the device of the images.
    """
    height, width = _side(images, 1), _side(images, 2)
    steps = _steps(height, width, spec)
    rows, inside_rows = _weights(images, 1, height, steps[0], spec)
    columns, inside_columns = _weights(images, 2, width, steps[1], spec)
    narrowed = _to_levels(_across(images.permute(0, 3, 1, 2).contiguous(), columns))
    resized = _to_levels(rows @ narrowed)
    if spec.fit != "pad":
        return resized
    return torch.where(inside_rows[:, None] & inside_columns, resized, float(PAD_LEVEL))


def _side(images: Tensor, axis: int) -> Tensor:
    # A tensor, not a number: only so does the exported graph keep the side open.
    return torch.scalar_tensor(images.shape[axis], dtype=torch.float32, device=images.device)


def _steps(height: Tensor, width: Tensor, spec: InputSpec) -> tuple[Tensor, Tensor]:
    """How many source pixels one output pixel spans, downwards and across."""
    if spec.fit == "squash":
        return height / spec.size, width / spec.size
    step = _common_step(height, width, spec.fit, spec.crop_fraction) / spec.size
    return step, step


def _common_step(height: Tensor, width: Tensor, fit: Fit, crop_fraction: float) -> Tensor:
    if fit == "crop":
        return torch.minimum(height, width) * crop_fraction
    return torch.maximum(height, width)


def _weights(
    images: Tensor, axis: int, side: Tensor, step: Tensor, spec: InputSpec
) -> tuple[Tensor, Tensor]:
    """Weights of source in output pixels (size, side); which outputs show the image (size,).

    Output pixels that lie beside the image have no weights.
    """
    sources = torch.arange(images.shape[axis], dtype=torch.float32, device=images.device) + 0.5
    outputs = torch.arange(spec.size, dtype=torch.float32, device=images.device) + 0.5
    centres = outputs * step + (side - step * spec.size) / 2
    inside = (centres - side / 2).abs() <= torch.maximum(side, step) / 2 + step * _EDGE_SLACK
    distances = (sources - centres[:, None]) / step.clamp(min=1)
    raw = torch.where(inside[:, None], _FILTERS[spec.interpolation](distances), 0.0)
    return raw / torch.where(inside, raw.sum(1), 1.0)[:, None], inside


def _across(images: Tensor, columns: Tensor) -> Tensor:
    """The product along the rows of images (N, C, H, W) with weights (size, W)."""
    if torch.compiler.is_compiling() or images.device.type != "cpu":
        return images.float() @ columns.T
    # A few outputs need a few of a wide image's columns: the same sums without most of the zeros,
    # and without the whole image as floats.
    blocks = columns.chunk(max(1, images.shape[3] // _BLOCK))
    return torch.cat([_across_block(images, block) for block in blocks], dim=3)


def _across_block(images: Tensor, columns: Tensor) -> Tensor:
    used = columns.any(0).nonzero()
    if len(used) == 0:
        return images.new_zeros((*images.shape[:3], len(columns)), dtype=torch.float32)
    first, last = int(used[0]), int(used[-1]) + 1
    return images[..., first:last].float() @ columns[:, first:last].T


def _to_levels(pixels: Tensor) -> Tensor:
    """Whole levels; halves go up, as in Pillow, and so does what falls short of them by an error.

    Rational weights make many exact halves, and engines add in different orders: without the
    margin the exported graph rounded hundreds of pixels of a photograph otherwise.
    """
    return (pixels + (0.5 + _MARGIN)).floor_().clamp_(0, 255)


def _triangle(distances: Tensor) -> Tensor:
    return (1 - distances.abs()).clamp(min=0)


def _cubic(distances: Tensor) -> Tensor:
    """Keys' cubic convolution with a = -0.5 (IEEE Trans. ASSP 29, 1981), Pillow's bicubic."""
    x = distances.abs()
    near = (1.5 * x - 2.5) * x * x + 1
    far = ((-0.5 * x + 2.5) * x - 4) * x + 2
    return torch.where(x < 1, near, torch.where(x < 2, far, 0.0))


_FILTERS: dict[Interpolation, Callable[[Tensor], Tensor]] = {
    "bilinear": _triangle,
    "bicubic": _cubic,
}
