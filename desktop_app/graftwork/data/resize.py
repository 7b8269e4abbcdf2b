"""The one resize that training, evaluation, explanation and the exported graph share.

It resamples as Pillow does (antialiased: the filter widens with the reduction; first along rows,
then along columns, each rounded to 8 bits), written as two matrix products, so that it exports to
ONNX with batch, height and width left open and gives the same numbers there. It differs from
Pillow's two passes in this order by at most one level of 255, in a few values of a thousand;
newer releases of Pillow sometimes take the other order, which moves a tenth of the values by one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor

from .banded_resize import PAD_LEVEL, resize_images
from .filter_weights import filter_weights, to_levels

if TYPE_CHECKING:
    from .input_spec import InputSpec

__all__ = ["PAD_LEVEL", "resize", "resize_by_products"]


def resize(images: Tensor, spec: InputSpec) -> Tensor:
    """Pixels (N, channels, size, size) of uint8 images (N, H, W, channels).

    The values are whole numbers 0..255, as float32, on the device of the images.
    """
    if torch.compiler.is_compiling() or images.device.type != "cpu" or len(images) == 0:
        return resize_by_products(images, spec)
    return resize_images(images, spec).permute(0, 3, 1, 2).float()


def resize_by_products(images: Tensor, spec: InputSpec) -> Tensor:
    """``resize`` as two products of whole matrices: what is exported, and what a GPU likes."""
    rows, columns = filter_weights(images, spec)
    planes = images.permute(0, 3, 1, 2).contiguous().float()
    narrowed = to_levels(planes @ columns.weights.T)
    resized = to_levels(rows.weights @ narrowed)
    if spec.fit != "pad":
        return resized
    return torch.where(rows.inside[:, None] & columns.inside, resized, float(PAD_LEVEL))
