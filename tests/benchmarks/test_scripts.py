from __future__ import annotations

import json
import sys
from pathlib import Path

import accuracy
import device_step
import peers
import pytest

from support.images import make_folder

BENCHMARKS = Path(peers.__file__).parent


def test_a_contest_measures_what_is_missing_and_skips_the_rest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    make_folder(tmp_path / "images", per_class=12)
    kept = tmp_path / "trial.json"
    contest = f"--data=toy={tmp_path / 'images'}", "--task=frozen", "--epochs=1", "--seeds=1"
    chosen = "--contender=graftwork-epochs", f"--out={kept}"
    monkeypatch.setattr(sys, "argv", ["peers.py", *contest, *chosen])
    peers.main()
    results = json.loads(kept.read_text("utf-8"))
    (outcome,) = results.values()
    assert "toy/all/frozen/1/graftwork-epochs" in capsys.readouterr().out
    assert 0 <= outcome["accuracy"] <= 1
    assert outcome["seconds"] > 0
    assert outcome["training_images"] == 23
    assert str(tmp_path) not in json.dumps(outcome)
    peers.main()
    assert "toy/all/frozen/1/graftwork-epochs" not in capsys.readouterr().out
    assert json.loads(kept.read_text("utf-8")) == results


def test_the_accuracy_table_is_made_of_what_was_measured(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["accuracy.py", "--table"])
    accuracy.main()
    shown = capsys.readouterr().out.splitlines()
    assert len(shown) == 2 + len(list((BENCHMARKS / "results").glob("accuracy-*.json")))


@pytest.mark.parametrize("way", ["bare", "ours"])
def test_steps_on_a_device_are_timed(
    way: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    small = "--device=cpu", "--images=4", "--batch=2", "--compile=off", f"--only={way}"
    monkeypatch.setattr(sys, "argv", ["device_step.py", *small])
    device_step.main()
    assert float(capsys.readouterr().out.splitlines()[-1]) > 0
