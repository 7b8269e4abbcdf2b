"""Makes a device compute the same again, to the bit."""

from __future__ import annotations

import os

import torch
from torch.backends import cuda, cudnn


def compute_alike(device: torch.device) -> None:
    """Let what follows on this device repeat, where torch has a way to do so.

    Processors do by themselves. On CUDA, fp32 is made to mean fp32 (no TF32), so that figures are
    those that the exported model reaches, and kernels are taken whose sums have an order: the fast
    ones for attention have none on the way back (PyTorch, "Reproducibility"). What has no such
    kernel is computed all the same, with a warning of torch's.
    """
    cudnn.allow_tf32 = False
    cudnn.deterministic = True
    on_cuda = device.type == "cuda"
    if on_cuda == torch.are_deterministic_algorithms_enabled():
        return
    if on_cuda:
        os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    torch.use_deterministic_algorithms(on_cuda, warn_only=True)
    # Which takes time, and is for finding faults.
    torch.utils.deterministic.fill_uninitialized_memory = not on_cuda  # type: ignore[attr-defined]
    for enable in (cuda.enable_flash_sdp, cuda.enable_mem_efficient_sdp, cuda.enable_cudnn_sdp):
        enable(not on_cuda)
