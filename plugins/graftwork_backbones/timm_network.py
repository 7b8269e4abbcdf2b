"""The facts of one network of timm, as plain data."""

from __future__ import annotations

from dataclasses import dataclass

from graftwork.plugin_api import Interpolation


@dataclass(frozen=True, kw_only=True)
class TimmNetwork:
    """A network of timm, named as timm names it, with its weights after a dot.

    ``size`` is that of the images it was pretrained on, and of all others if it is ``fixed`` and
    not rebuilt. ``url`` is None where there are no weights to download; ``sha256`` is empty where
    the publisher states none. ``parameters`` are those of the backbone alone.
    """

    name: str
    features: int
    parameters: int
    size: int
    min_size: int
    fixed: bool
    crop_fraction: float
    interpolation: Interpolation
    mean: tuple[float, float, float]
    std: tuple[float, float, float]
    licence: str
    url: str | None
    sha256: str
