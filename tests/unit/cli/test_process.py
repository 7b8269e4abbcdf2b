"""The command in a process of its own: what it imports, and how it is interrupted."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

import pytest

from graftwork.engine.checkpoints.files import newest_checkpoint
from graftwork.engine.checkpoints.keeper import FOLDER
from support.command_line import last_document

# A shell without job control makes what it starts in the background ignore Ctrl-C.
_INTERRUPTIBLE = (
    "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)\n"
    "from graftwork.__main__ import main; main()"
)


def _python(code: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=120
    )
    return done.stdout.strip()


@pytest.mark.parametrize(
    "module", ["graftwork.cli.main", "graftwork.cli.prediction", "graftwork.app"]
)
def test_the_command_line_starts_without_torch(module):
    assert _python(f"import sys, {module}; print('torch' in sys.modules)") == "False"


def test_predicting_never_imports_torch(model, images, tmp_path):
    code = (
        "import sys; from graftwork.__main__ import main\n"
        f"sys.argv = ['graftwork', 'predict', {str(model)!r}, "
        f"{str(images)!r}, '--out', {str(tmp_path / 'p.csv')!r}]\n"
        "try: main()\nexcept SystemExit as end: print(end.code, 'torch' in sys.modules)"
    )
    assert _python(code) in {"0 False", "None False"}


def test_what_was_measured_of_a_run_is_read_without_torch(trained):
    """Whoever only looks at results does not wait for it."""
    code = (
        "import sys; from graftwork.app import make_workshop\n"
        "from graftwork.gui.results.state import study_run\n"
        "workshop = make_workshop(); steps = study_run(workshop, 'last')\n"
        "try: next(steps)\n"
        "except StopIteration as end:\n"
        "    print(end.value.evaluation is not None, 'torch' in sys.modules)"
    )
    assert _python(code) == "True False"


@pytest.mark.parametrize(
    ("after", "kept"), [("epoch-done", "kept in run"), ("step-done", "before its first epoch")]
)
def test_an_interruption_keeps_what_there_is_and_says_so(images, home, after, kept):
    """Ctrl-C: the run is stopped, its weights and its checkpoint are there, exit code 130."""
    words = ["train", str(images), "--strategy", "full-fine-tuning", "--set", "epochs=500",
             "--set", "patience=500", "--set", "batch_size=8", "--set", "size=64",
             "--json"]  # fmt: skip
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    with subprocess.Popen(
        [sys.executable, "-c", _INTERRUPTIBLE, *words],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment,
    ) as process:  # fmt: skip
        assert process.stdout is not None
        assert process.stderr is not None
        for line in process.stdout:
            if f'"{after}"' in line:
                process.send_signal(signal.SIGINT)
                break
        process.stdout.read()
        said = process.stderr.read()
    assert process.returncode == 130
    (folder,) = (p for p in (home / "runs").iterdir() if p.is_dir())
    assert kept in said
    assert f"graftwork resume {folder.name}" in said.replace("\n", " ")
    assert (folder / "best.safetensors").is_file() == (after == "epoch-done")
    assert newest_checkpoint(folder / FOLDER).checkpoint is not None


_PRESSED_TWICE = """
import os, signal
signal.signal(signal.SIGINT, signal.default_int_handler)
from graftwork.cli.interruption import postponed_interruption
with postponed_interruption() as interrupted:
    before = interrupted()
    os.kill(os.getpid(), signal.SIGINT)
    print(before, interrupted())
    try:
        os.kill(os.getpid(), signal.SIGINT)
    except KeyboardInterrupt:
        print("at once")
try:
    os.kill(os.getpid(), signal.SIGINT)
except KeyboardInterrupt:
    print("as usual")
"""


def test_an_interruption_waits_for_the_step_and_a_second_one_does_not():
    assert _python(_PRESSED_TWICE).splitlines() == ["False True", "at once", "as usual"]


def test_pipes_keep_names_whatever_the_systems_habit(model, images):
    (images / "red").rename(images / "żółć")
    done = subprocess.run(
        [sys.executable, "-m", "graftwork", "predict", model, images / "żółć"],
        capture_output=True, check=True, timeout=120,
        env={**os.environ, "PYTHONIOENCODING": "cp1252"},
    )  # fmt: skip
    assert "żółć" in done.stdout.decode("utf-8")
    assert b"\r" not in done.stdout


def test_the_document_of_a_run_is_the_last_line(call, images):
    outcome = call("train", images, "--backbone", "tiny", "--set", "epochs=2", "--json")
    assert last_document(outcome)["kind"] == "result"
