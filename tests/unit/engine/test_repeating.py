"""What is set so that a device computes the same again."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import torch
from torch.backends import cuda

from graftwork.engine.repeating import compute_alike

CPU, GPU = torch.device("cpu"), torch.device("cuda")


@pytest.fixture(autouse=True)
def as_before(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.delenv("CUBLAS_WORKSPACE_CONFIG", raising=False)
    yield
    compute_alike(CPU)


def fast_attention() -> list[bool]:
    return [
        cuda.flash_sdp_enabled(),
        cuda.mem_efficient_sdp_enabled(),
        cuda.cudnn_sdp_enabled(),
    ]


def test_on_a_gpu_kernels_with_an_order_are_asked_for_and_on_a_processor_none() -> None:
    for device in (GPU, GPU, CPU, CPU, GPU):
        compute_alike(device)
        assert torch.are_deterministic_algorithms_enabled() == (device == GPU)
        assert fast_attention() == [device == CPU] * 3
    assert torch.is_deterministic_algorithms_warn_only_enabled()


def test_attention_on_a_processor_is_as_fast_as_before() -> None:
    before = fast_attention()
    compute_alike(CPU)
    assert fast_attention() == before == [True] * 3
