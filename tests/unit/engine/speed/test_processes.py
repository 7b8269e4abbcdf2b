from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from graftwork.engine.speed.processes import Processes, join_processes
from support.shared_training import train

_CPU = torch.device("cpu")


@contextmanager
def _started(file: Path, **environment: str) -> Iterator[subprocess.Popen[str]]:
    """A process that trains; ended at last, also when the other one failed."""
    with subprocess.Popen(
        [sys.executable, "-m", "support.shared_training", str(file)],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), **environment},
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def _free_port() -> str:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return str(probe.getsockname()[1])


def _ended(process: subprocess.Popen[str]) -> list[float]:
    out, _ = process.communicate(timeout=120)
    assert process.returncode == 0
    return [float(value) for value in out.split()]


def test_two_processes_learn_what_one_does(tmp_path):
    """Batches of 6, 6 and 1: in the last, the second process only looks on."""
    places = {"WORLD_SIZE": "2", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": _free_port()}
    files = [tmp_path / f"{rank}.safetensors" for rank in range(2)]
    with ExitStack() as stack:
        both = [
            stack.enter_context(_started(file, RANK=str(rank), LOCAL_RANK=str(rank), **places))
            for rank, file in enumerate(files)
        ]
        alone = train(tmp_path / "alone.safetensors")
        assert [_ended(process) for process in both] == [pytest.approx([13, 2])] * 2
    assert alone == pytest.approx([13, 1])
    first, second = (load_file(file) for file in files)
    torch.testing.assert_close(second, first, rtol=0, atol=0)
    assert set(first["stages.stem.1.running_mean"].tolist()) == {0.5}
    expected = load_file(tmp_path / "alone.safetensors")
    del first["stages.stem.1.running_mean"], expected["stages.stem.1.running_mean"]
    torch.testing.assert_close(first, expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("images", [1, 2, 3, 4, 7])
def test_shares_are_never_empty_and_parts_add_up(images):
    places = torch.arange(10, 10 + images)
    shares = [Processes(rank=rank, count=3, device=_CPU).share(places) for rank in range(3)]
    assert all(len(share.places) for share in shares)
    assert sum(share.part for share in shares) == pytest.approx(1)
    counted = [share.places for share in shares if share.part]
    assert torch.equal(torch.cat(counted), places)


def test_a_process_alone_is_the_first_and_shares_nothing():
    with join_processes(_CPU, {}) as processes:
        share = processes.share(torch.arange(3))
        parameter = torch.nn.Parameter(torch.ones(1))
        parameter.grad = torch.ones(1)
        processes.average_gradients([parameter], share.part)
        processes.agree(torch.nn.BatchNorm2d(2))
        processes.average_statistics(torch.nn.BatchNorm2d(2))
        assert processes.is_first
        assert share.places.tolist() == [0, 1, 2]
        assert parameter.grad == 1
        assert processes.total([1, 2.5]) == [1, 2.5]
