"""Gradients of depthwise convolutions on a processor, by the kernels that are fast there.

oneDNN (as in torch 2.15) has a fast weight gradient for depthwise filters that are three wide, or
one wide at stride 1, and a plain loop for all others: measured 9 times slower for 5 x 5 in fp32
and 25 times in bf16. So a wide filter's gradient is put together from narrow ones, each on the
output's gradient shifted sideways: the tap ``j`` of ``sum_o g[o] x[s o - p + j]`` is a tap of a
narrow filter on ``g'[o + t] = g[o]``. The input gradient at a stride is as slow in bf16 (15
times), and goes through fp32. Maps smaller than the filter are slow for all, so there each tap is a
sum of its own.
"""

from __future__ import annotations

import platform
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from itertools import product

import torch
from torch import Tensor
from torch.nn import functional

Pair = tuple[int, int]

_NARROW = 3


@dataclass(frozen=True, kw_only=True)
class _Side:
    """One filter along the width: sizes of filter, stride, padding, input and output."""

    kernel: int
    stride: int
    padding: int
    input: int
    output: int


@dataclass(frozen=True, kw_only=True)
class _Piece:
    """A narrow filter on the gradient shifted by ``shift``, padded or cut to ``output``.

    ``taps`` maps a place in the wide filter to one in the narrow filter.
    """

    kernel: int
    padding: int
    shift: int
    output: int
    taps: dict[int, int]


def is_depthwise(weight: Tensor, groups: int) -> bool:
    """Whether each channel is filtered by itself, once."""
    return groups > 1 and weight.shape[0] == groups and weight.shape[1] == 1


def depthwise_input_gradient(
    grad: Tensor, images: Tensor, weight: Tensor, stride: Pair, padding: Pair
) -> Tensor:
    """The gradient of the input ``images`` (N, C, H, W), given that of the output."""
    if grad.dtype != torch.bfloat16 or max(stride) == 1:
        return _gradients(grad, images, weight, stride, padding, of_input=True)
    unread = torch.empty_like(images, dtype=torch.float32)
    wide = _gradients(grad.float(), unread, weight.float(), stride, padding, of_input=True)
    return wide.to(grad.dtype)


def depthwise_weight_gradient(
    grad: Tensor, images: Tensor, weight: Tensor, stride: Pair, padding: Pair
) -> Tensor:
    """The gradient of the filters (C, 1, h, w), given that of the output (N, C, H', W')."""
    if min(grad.shape[2:]) < max(weight.shape[2:]):
        return _tap_by_tap(grad, images, weight, stride, padding)
    side = _Side(
        kernel=weight.shape[3],
        stride=stride[1],
        padding=padding[1],
        input=images.shape[3],
        output=grad.shape[3],
    )
    pieces = _pieces(side) if _pays(side) else ()
    if not pieces:
        return _gradients(grad, images, weight, stride, padding, of_input=False)
    result = torch.empty_like(weight)
    for piece in pieces:
        narrow = _narrow_gradient(piece, grad, images, weight, stride, padding)
        for there, here in piece.taps.items():
            result[..., there] = narrow[..., here]
    return result


def _tap_by_tap(
    grad: Tensor, images: Tensor, weight: Tensor, stride: Pair, padding: Pair
) -> Tensor:
    """For maps smaller than the filter, where oneDNN has plain loops for every width."""
    (down, across), (top, left) = stride, padding
    height, width = down * (grad.shape[2] - 1) + 1, across * (grad.shape[3] - 1) + 1
    padded = functional.pad(images, (left, left, top, top))
    if grad.dtype == torch.bfloat16:
        padded, grad = padded.float(), grad.float()
    result = torch.empty_like(weight)
    for y, x in product(range(weight.shape[2]), range(weight.shape[3])):
        met = padded[:, :, y : y + height : down, x : x + width : across]
        result[:, 0, y, x] = (met * grad).sum((0, 2, 3))
    return result


def _narrow_gradient(
    piece: _Piece, grad: Tensor, images: Tensor, weight: Tensor, stride: Pair, padding: Pair
) -> Tensor:
    behind = piece.output - grad.shape[3] - piece.shift
    shifted = functional.pad(grad, (piece.shift, behind)) if piece.shift or behind else grad
    unread = weight.new_empty((*weight.shape[:3], piece.kernel))
    sides = (padding[0], piece.padding)
    return _gradients(shifted, images, unread, stride, sides, of_input=False)


def _gradients(
    grad: Tensor, images: Tensor, weight: Tensor, stride: Pair, padding: Pair, *, of_input: bool
) -> Tensor:
    """Of the input, for which only the shape of ``images`` counts, or likewise of the weight."""
    wanted = (of_input, not of_input, False)
    of_images, of_weight, _ = torch.ops.aten.convolution_backward(
        grad, images, weight, None, stride, padding, (1, 1), False, (0, 0), len(weight), wanted
    )
    result: Tensor = of_images if of_input else of_weight
    return result


def _pays(side: _Side) -> bool:
    return side.kernel > _NARROW and platform.machine().lower() in {"x86_64", "amd64"}


@cache
def _pieces(side: _Side) -> tuple[_Piece, ...]:
    """The fewest narrow filters, as a greedy choice finds them; empty if they leave a tap out."""
    missing, chosen = set(range(side.kernel)), []
    while missing:
        best = max(_candidates(side), key=lambda piece: _merit(piece, side, missing))
        found = {there: here for there, here in best.taps.items() if there in missing}
        if not found:
            return ()
        chosen.append(_Piece(**{**vars(best), "taps": found}))
        missing -= set(found)
    return tuple(chosen)


def _merit(piece: _Piece, side: _Side, missing: set[int]) -> tuple[int, bool, int]:
    """Most new taps; then without a copy; then the narrower filter."""
    in_place = piece.shift == 0 and piece.output == side.output
    return len(missing & set(piece.taps)), in_place, -piece.kernel


def _candidates(side: _Side) -> Iterator[_Piece]:
    narrow = [(_NARROW, 0), (_NARROW, 1), *([(1, 0)] if side.stride == 1 else [])]
    for kernel, padding in narrow:
        output = (side.input + 2 * padding - kernel) // side.stride + 1
        for shift in range(-side.kernel, side.kernel + 1):
            offset = side.stride * shift - padding + side.padding
            taps = {here + offset: here for here in range(kernel)}
            kept = {j: here for j, here in taps.items() if _is_whole(side, j, shift, output)}
            yield _Piece(kernel=kernel, padding=padding, shift=shift, output=output, taps=kept)


def _is_whole(side: _Side, tap: int, shift: int, output: int) -> bool:
    """Whether the places that the shift pushes out would have met nothing but padding."""
    lost = (o for o in range(side.output) if not 0 <= o + shift < output)
    return 0 <= tap < side.kernel and all(
        not 0 <= side.stride * o - side.padding + tap < side.input for o in lost
    )
