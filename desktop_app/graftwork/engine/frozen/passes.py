"""The pass of images through frozen stages, by any of the engines that can compute it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from ..classifier import Classifier
from .folding import folded, unchanged
from .probing import leading

_PROCESSOR_BATCHES = {"torch": 16, "onnxruntime": 1, "openvino": 2}
"""What was fastest for EfficientNet-Lite0 on one thread, with little between neighbors."""

_ACCELERATOR_BATCH = 64
_BATCH_OPERATIONS = 1e11  # about half a second on two threads

Run = Callable[[Tensor], list[Tensor]]
"""From a full batch of pixels to what leaves the stages at each outlet, float32."""


@dataclass(frozen=True, kw_only=True)
class FrozenPass:
    """Stages that are computed by an engine; the last of ``outlets`` is where they end.

    An outlet is a number of stages; what leaves that many of them is given, too. Every batch that
    the engine sees has ``batch`` images, so that what an image gives does not depend on how many
    others there are: kernels are chosen by the batch's size. So many batches as there are ``lanes``
    are computed at once.
    """

    batch: int
    outlets: tuple[int, ...]
    run: Run
    lanes: int = 1

    def __call__(self, pixels: Tensor) -> list[Tensor]:
        """What pixels (N, C, size, size), 0..255, give at each outlet: (N, ...), float32."""
        chunks = self._computed(pixels.split(self.batch))
        return [torch.cat(parts) for parts in zip(*chunks, strict=True)]

    def _computed(self, batches: Iterable[Tensor]) -> list[list[Tensor]]:
        if self.lanes == 1:
            return [self._padded(batch) for batch in batches]
        with ThreadPoolExecutor(self.lanes, "frozen") as pool:
            return list(pool.map(self._padded, batches))

    def _padded(self, pixels: Tensor) -> list[Tensor]:
        missing = self.batch - len(pixels)
        filled = torch.cat([pixels, pixels[:1].expand(missing, -1, -1, -1)]) if missing else pixels
        return [output[: len(pixels)] for output in self.run(filled)]


class Normalization:
    """What the first convolution sees of pixels, in two passes over memory."""

    def __init__(self, classifier: Classifier, memory_format: torch.memory_format) -> None:
        self._scale = 1 / (255 * classifier.std)
        self._shift = -classifier.mean / classifier.std
        self._memory_format = memory_format

    def __call__(self, pixels: Tensor) -> Tensor:
        """Normalized pixels (N, C, size, size), float32, in the memory format, of 0..255."""
        copied = pixels.to(torch.float32, copy=True, memory_format=self._memory_format)
        return copied.mul_(self._scale).add_(self._shift)


def prefix(classifier: Classifier, stages: int, *, fold: bool = True) -> nn.Sequential:
    """A frozen copy of the first stages, folded unless that is not wanted."""
    own = leading(classifier.stages, stages)
    return folded(own) if fold else unchanged(own)


def batch_for(engine: str, device: torch.device, operations: int) -> int:
    """How many images at once, if one takes so many floating-point operations.

    Small batches stay in a processor's caches, and the user can stop between two; large ones keep
    a GPU busy, and let torch order its weights anew less often.
    """
    if device.type != "cpu":
        return _ACCELERATOR_BATCH
    most = _PROCESSOR_BATCHES[engine.partition("-")[0]]
    affordable = int(min(most, max(1, _BATCH_OPERATIONS // max(1, operations))))
    return 1 << (affordable.bit_length() - 1)


def torch_pass(
    classifier: Classifier,
    outlets: tuple[int, ...],
    batch: int,
    *,
    dtype: torch.dtype = torch.float32,
    fold: bool = True,
) -> FrozenPass:
    """PyTorch itself, where the classifier is, stage by stage."""
    device = classifier.mean.device
    normalized = Normalization(classifier, torch.channels_last)
    own = prefix(classifier, outlets[-1], fold=fold)
    own.to(dtype=dtype).to(memory_format=torch.channels_last)

    # The mode ends with each batch: held over a yield, it would reach into the caller's code.
    @torch.inference_mode()
    def run(pixels: Tensor) -> list[Tensor]:
        reached = normalized(pixels.to(device)).to(dtype)
        given = []
        for number, stage in enumerate(own, 1):
            reached = stage(reached)
            if number in outlets:
                # The next stage may work in place.
                given.append(reached.to("cpu", torch.float32, copy=True))
        return given

    return FrozenPass(batch=batch, outlets=outlets, run=run)
