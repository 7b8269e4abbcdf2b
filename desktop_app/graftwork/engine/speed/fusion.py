"""Training steps in which a convolution and its frozen batch normalization are one convolution.

With fixed statistics, ``gamma (w * x - mean) / sigma + beta`` is a convolution with the filters
``w gamma / sigma`` and the bias ``beta - mean gamma / sigma``. Both are computed in every step from
the parameters, which learn as before (the gradients are the same function's), and a pass over all
activations falls away, forward and backward. Where the pass costs less than the folding (a weight
costs as much time as about four values of the result), nothing is folded. The modules, their
parameters and their state stay what they are: only while ``Fusion.applied`` lasts do their
``forward`` methods do other work.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from ..evaluating import evaluating
from .chains import Chain, can_replace, find_chains
from .convolution import Geometry, convolve
from .depthwise import Pair

_TOLERANCE = 1e-3
_FOLDED, _ACTIVATED = "graftwork_folded", "graftwork_activated"
_PLACES_PER_WEIGHT = 4


@dataclass(frozen=True, kw_only=True)
class Fusion:
    """What can be computed together in a module, found once for as long as it keeps its parts.

    ``chains`` are fused while their norm is in evaluation mode; ``convolutions`` take the fast
    gradients at any time. ``reason`` says why nothing is fused, where nothing is.
    """

    chains: tuple[Chain, ...] = ()
    convolutions: tuple[nn.Conv2d, ...] = ()
    reason: str | None = None

    @contextmanager
    def applied(self, *, always: bool = False) -> Iterator[None]:
        """Forward passes within are fused; their backward passes may come later.

        ``always``: also where it does not pay.
        """
        with ExitStack() as stack:
            for convolution in self.convolutions:
                stack.enter_context(_replaced(convolution, "_conv_forward", _plain(convolution)))
            for chain in self.chains:
                if _is_frozen(chain.norm):
                    stack.enter_context(_fused(chain, always=always))
            yield


def find_fusion(module: nn.Module, example: Tensor) -> Fusion:
    """What can be computed together in ``module``, tried on ``example``, some of its inputs.

    Where the outcome differs, as with a plugin's module that uses its convolutions in ways that
    cannot be followed, nothing is fused.
    """
    plain = tuple(m for m in module.modules() if isinstance(m, nn.Conv2d) and can_replace(m))
    fusion = Fusion(chains=tuple(find_chains(module)), convolutions=plain)
    difference = _difference(module, fusion, example)
    if difference < _TOLERANCE:
        return fusion
    return Fusion(reason=f"fused convolutions give other results (by {difference:.1g} of 1)")


@torch.no_grad()
def _difference(module: nn.Module, fusion: Fusion, example: Tensor) -> float:
    """The greatest, as a part of the greatest value, in evaluation mode.

    What pays is decided by the size of a batch: larger ones than the example fold more.
    """
    with evaluating(module):
        expected = module(example)
        with fusion.applied(always=True):
            found = module(example)
    scale = max(float(expected.abs().max()), 1e-12)
    return float((found - expected).abs().max()) / scale


def _is_frozen(norm: nn.BatchNorm2d) -> bool:
    return not norm.training and norm.running_mean is not None and norm.affine


@contextmanager
def _fused(chain: Chain, *, always: bool) -> Iterator[None]:
    """The norm and the activation may stand in other places, too, that are not fused."""
    convolution, norm, activation = chain.convolution, chain.norm, chain.activation
    with ExitStack() as stack:
        stack.enter_context(_replaced(convolution, "_conv_forward", _folded(chain, always=always)))
        stack.enter_context(_replaced(norm, "forward", _unless(_FOLDED, norm.forward)))
        if activation is not None:
            once = _unless(_ACTIVATED, activation.forward)
            stack.enter_context(_replaced(activation, "forward", once))
        yield


def _folded(chain: Chain, *, always: bool) -> Callable[..., Tensor]:
    norm, geometry, name = chain.norm, _geometry(chain.convolution), chain.activation_name
    plain = _plain(chain.convolution)

    def convolved(images: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
        if not (always or _pays(images, weight, geometry)):
            return plain(images, weight, bias)
        filters, shift = _fold(norm, weight, bias)
        result = convolve(images, filters, shift, geometry, name)
        setattr(result, _FOLDED, True)
        setattr(result, _ACTIVATED, name != "none")
        return result

    return convolved


def _pays(images: Tensor, weight: Tensor, geometry: Geometry) -> bool:
    """Whether an output channel has many more places in the batch than its filter has weights."""
    places = images.numel() // images.shape[1] // (geometry.stride[0] * geometry.stride[1])
    return places >= _PLACES_PER_WEIGHT * weight[0].numel()


def _fold(norm: nn.BatchNorm2d, weight: Tensor, bias: Tensor | None) -> tuple[Tensor, Tensor]:
    assert norm.running_mean is not None
    assert norm.running_var is not None
    scale = norm.weight * torch.rsqrt(norm.running_var + norm.eps)
    mean = norm.running_mean if bias is None else norm.running_mean - bias
    return weight * scale.view(-1, 1, 1, 1), norm.bias - mean * scale


def _plain(convolution: nn.Conv2d) -> Callable[..., Tensor]:
    geometry = _geometry(convolution)

    def convolved(images: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
        return convolve(images, weight, bias, geometry)

    return convolved


def _geometry(convolution: nn.Conv2d) -> Geometry:
    return Geometry(
        stride=_pair(convolution.stride),
        padding=_pair(convolution.padding),
        dilation=_pair(convolution.dilation),
        groups=convolution.groups,
    )


def _pair(sizes: tuple[int, ...] | str) -> Pair:
    return int(sizes[0]), int(sizes[1])


def _unless(done: str, forward: Callable[[Tensor], Tensor]) -> Callable[[Tensor], Tensor]:
    """Does nothing to what a convolution has already done it to."""

    def forward_once(images: Tensor) -> Tensor:
        return images if getattr(images, done, False) else forward(images)

    return forward_once


@contextmanager
def _replaced(module: nn.Module, method: str, other: Callable[..., Any]) -> Iterator[None]:
    """Hide a method behind another one; what the module held before comes back."""
    before = vars(module).get(method)
    vars(module)[method] = other
    try:
        yield
    finally:
        if before is None:
            del vars(module)[method]
        else:
            vars(module)[method] = before
