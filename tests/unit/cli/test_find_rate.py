"""The rate finder on the command line."""

from __future__ import annotations

import shlex

from graftwork.paths import runs_folder
from support.command_line import Call, last_document

TINY = ("--backbone", "tiny", "--set", "device=cpu")


def test_it_shows_a_curve_and_how_to_use_what_it_suggests(call: Call, images: object) -> None:
    outcome = call("find-rate", images, *TINY, "--reader", "class-folders")
    assert outcome.code == 0, outcome.err
    lines = outcome.out.splitlines()
    assert lines[0].split() == ["Rate", "Loss"]
    assert sum("falls fastest" in line for line in lines if "█" in line) == 1
    assert sum("lowest" in line for line in lines if "█" in line) == 1
    assert any(line.startswith("Suggested: ") for line in lines)
    words = shlex.split(lines[-1])
    assert words[:3] == ["Next:", "graftwork", "train"]
    assert words[4:6] == ["--reader", "class-folders"]
    assert "device=cpu" in words
    assert words[-1].startswith("rate=")
    trained = call(*words[2:], "--set", "epochs=2", "--json")
    assert trained.code == 0, trained.err


def test_as_json_the_last_line_has_all_of_it_and_no_run_is_left(call: Call, images: object) -> None:
    outcome = call("find-rate", images, *TINY, "--json")
    found = last_document(outcome)
    assert found["kind"] == "result"
    assert len(found["points"]) == len(found["smooth"]) > 50
    assert found["settings"].keys() == {"rate"}
    assert not runs_folder().exists() or not list(runs_folder().iterdir())


def test_a_phase_that_is_not_there_is_told(call: Call, images: object) -> None:
    outcome = call("find-rate", images, *TINY, "--set", "epochs=1", "--phase", "9")
    assert outcome.code == 1
    assert "no phase 9" in outcome.err
