"""The memory probe on the command line."""

from __future__ import annotations

from graftwork.cli.fit_memory import _sentence
from graftwork.engine.cost.memory_fit import MemoryFit
from graftwork.paths import runs_folder
from support.command_line import Call, last_document


def test_it_says_how_many_images_fit_and_leaves_no_run(call: Call, images: object) -> None:
    sets = ("--set", "device=cpu", "--set", "batch_size=2")
    outcome = call("fit-memory", images, "--backbone", "tiny", *sets, "--json")
    assert outcome.code == 0, outcome.err
    found = last_document(outcome)
    assert found == {"kind": "result", "images": 2, "batch_size": 2, "accumulate": 1}
    assert not runs_folder().exists() or not list(runs_folder().iterdir())


def test_what_does_not_fit_is_advised_to_pass_in_parts() -> None:
    assert "accumulate=4" in _sentence(MemoryFit(images=8, batch_size=32))
    assert "set batch_size=1," in _sentence(MemoryFit(images=1, batch_size=32))
    assert "set batch_size=32," in _sentence(MemoryFit(images=2, batch_size=33))
    assert "as the settings say" in _sentence(MemoryFit(images=32, batch_size=32))
