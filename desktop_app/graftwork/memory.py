"""Whether an error says that memory ran out, on a processor or on a GPU."""

from __future__ import annotations

import torch

_SIGNS = (
    "can't allocate memory",  # torch on Linux and macOS
    "not enough memory",  # torch on Windows
    "out of memory",  # CUDA's libraries and Apple's GPU
    "alloc_failed",  # cuBLAS and cuDNN
    "could not create a memory",  # oneDNN
)


def is_out_of_memory(error: BaseException) -> bool:
    """Whether the error came because memory could not be had."""
    if isinstance(error, MemoryError | torch.OutOfMemoryError):
        return True
    text = str(error).lower()
    return isinstance(error, RuntimeError) and any(sign in text for sign in _SIGNS)
