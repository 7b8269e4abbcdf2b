"""What a backbone says of itself, and where its weights come from."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from torch import nn

Interpolation = Literal["bilinear", "bicubic"]


@dataclass(frozen=True, kw_only=True)
class Preprocessing:
    """The images that a backbone was pretrained on.

    ``size`` is the side of its square input in pixels; ``crop_fraction`` the part of the shorter
    side that a centre crop keeps; ``mean`` and ``std`` are per RGB channel, for values in 0..1.
    """

    size: int
    crop_fraction: float
    interpolation: Interpolation
    mean: tuple[float, float, float]
    std: tuple[float, float, float]


@dataclass(frozen=True, kw_only=True)
class PackagedWeights:
    """Weights that an installed package ships; ``locate`` gives the file's path."""

    package: str
    locate: Callable[[], Path]


@dataclass(frozen=True, kw_only=True)
class DownloadedWeights:
    """Weights that are fetched on first use and kept in the cache.

    ``sha256`` is the digest in hexadecimal, or its beginning (at least 8 digits) where the
    publisher states no more than that, or empty where none is stated. ``saved_as`` is the name
    under which the file is kept, if not that in its address.
    """

    url: str
    sha256: str
    size: int | None = None
    saved_as: str | None = None

    @property
    def filename(self) -> str:
        """The name under which the file is kept, the last part of its address if none is set."""
        return self.saved_as or self.url.rsplit("/", 1)[-1]


@dataclass(frozen=True, kw_only=True)
class NoWeights:
    """No pretrained weights exist: only strategies that start from scratch make sense."""


WeightsSource = PackagedWeights | DownloadedWeights | NoWeights


@dataclass(frozen=True, kw_only=True)
class Backbone:
    """A network as a stack of named stages that turns images into feature vectors.

    ``build`` gives an ``nn.Sequential`` of named stages, bottom first, which maps a float batch
    (N, 3, size, size), already normalised, to (N, features). It is called with the path of a
    weights file, which it reads into the network, or with None for random weights. The first
    convolution that it holds, in order of registration, is the one that sees the image.

    ``resize`` changes built stages in place so that they take images of another size, and raises
    ``GraftworkError`` where they cannot; without one the network takes any size of at least
    ``min_size`` as it is. It is called before anything else is done to the stages.
    """

    name: str
    title: str
    summary: str
    build: Callable[[Path | None], nn.Sequential]
    preprocessing: Preprocessing
    features: int
    parameters: int
    licence: str
    weights: WeightsSource
    min_size: int = 32
    resize: Callable[[nn.Sequential, int], None] | None = None


@dataclass(frozen=True, kw_only=True)
class BackboneFamily:
    """Many networks of one library, each described only when it is asked for by name.

    The network ``resnet50`` of the family ``timm`` is the backbone ``timm/resnet50``. ``networks``
    gives the names of all networks. ``find`` describes the one of this name, as a backbone of the
    name with the family's before it, and raises ``GraftworkError`` if there is none.
    """

    name: str
    title: str
    summary: str
    networks: Callable[[], Sequence[str]]
    find: Callable[[str], Backbone]
