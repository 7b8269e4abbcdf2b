"""The run folder lies on a disk that is full: a small tmpfs, in a namespace of its own."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys

import pytest

from graftwork.engine.classifier_info import WEIGHTS_FILE
from support.jobs import run_job, small_job

_OWN_MOUNTS = ("unshare", "--user", "--map-root-user", "--mount")


def _may_mount() -> bool:
    try:
        done = subprocess.run([*_OWN_MOUNTS, "true"], capture_output=True, check=False)
    except FileNotFoundError:
        return False
    return done.returncode == 0


pytestmark = pytest.mark.skipif(not _may_mount(), reason="needs unshare and its permission")


@pytest.fixture
def small_disk(images, tmp_path):
    def on_disk(size):
        folder = tmp_path / "run"
        folder.mkdir()
        done = subprocess.run(
            [*_OWN_MOUNTS, sys.executable, "-m", "support.small_disk", images, folder, size],
            env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
            capture_output=True, text=True, check=True, timeout=120,
        )  # fmt: skip
        return json.loads(done.stdout.splitlines()[-1])

    return on_disk


@pytest.fixture
def expected(images, registry, tmp_path):
    job = small_job(images, "full-fine-tuning", {"epochs": 3})
    run_job(job, registry, tmp_path / "whole")
    return hashlib.sha256((tmp_path / "whole" / WEIGHTS_FILE).read_bytes()).hexdigest()


def test_a_disk_that_has_no_room_for_checkpoints_costs_a_warning(small_disk, expected):
    said = small_disk("240k")
    assert any("No space left on device" in warning for warning in said["warnings"])
    assert (said["failed"], said["weights"]) == (None, expected)


def test_a_run_that_could_not_keep_its_weights_goes_on_once_there_is_room(small_disk, expected):
    said = small_disk("60k")
    assert "No space left on device" in said["failed"]
    assert said["weights"] == expected
