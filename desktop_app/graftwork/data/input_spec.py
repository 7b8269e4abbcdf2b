"""How any image becomes the network's input: the preprocessing that a classifier carries."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from graftwork.plugin_api import Interpolation, Preprocessing

Fit = Literal["squash", "crop", "pad"]


class IntensityRange(BaseModel):
    """The values of images deeper than 8 bits that become 0 and 255; between them, linear."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    low: float
    high: float


class InputSpec(BaseModel):
    """From a decoded image to what the first convolution sees.

    An image is brought to 8 bits (``intensity``, for deeper images only), resized to
    ``size`` x ``size`` as ``fit`` and ``interpolation`` say, rounded to 8 bits, divided by 255,
    and normalised by ``mean`` and ``std`` (one value a channel).
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    size: int = Field(ge=8)
    channels: int = Field(ge=1)
    fit: Fit
    crop_fraction: float = Field(gt=0, le=1)
    interpolation: Interpolation
    mean: tuple[float, ...]
    std: tuple[float, ...]
    intensity: IntensityRange | None = None


def input_spec(
    preprocessing: Preprocessing,
    *,
    fit: Fit,
    channels: int,
    size: int | None = None,
    intensity: IntensityRange | None = None,
) -> InputSpec:
    """The input of a network with this preprocessing and this many channels.

    ``size`` is the side in pixels; None: the pretrained one. The statistics are RGB's for three
    channels and RGB's average for any other number.
    """
    return InputSpec(
        size=size or preprocessing.size,
        channels=channels,
        fit=fit,
        crop_fraction=preprocessing.crop_fraction,
        interpolation=preprocessing.interpolation,
        mean=_for_channels(preprocessing.mean, channels),
        std=_for_channels(preprocessing.std, channels),
        intensity=intensity,
    )


def _for_channels(rgb: tuple[float, float, float], channels: int) -> tuple[float, ...]:
    return rgb if channels == 3 else (sum(rgb) / 3,) * channels
