"""Calls the command line as a shell would, with the tiny backbone among the plugins."""

from __future__ import annotations

import sys

import pytest

from graftwork.__main__ import main
from graftwork.cli import main as cli_main
from graftwork.paths import runs_folder
from graftwork.plugin_host.registry import Registry
from graftwork.runs.store import RunStore
from graftwork.runs.workshop import Workshop
from support.command_line import TINY, Call, Outcome, last_document


@pytest.fixture
def call(
    registry: Registry, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Call:
    """Run ``graftwork`` with these words."""
    monkeypatch.setattr(
        cli_main, "make_workshop", lambda: Workshop(registry, RunStore(runs_folder()))
    )

    def run(*words: object) -> Outcome:
        monkeypatch.setattr(sys, "argv", ["graftwork", *map(str, words)])
        with pytest.raises(SystemExit) as leaving:
            main()
        written = capsys.readouterr()
        return Outcome(int(leaving.value.code or 0), written.out, written.err)

    return run


@pytest.fixture
def trained(call: Call, images: object) -> str:
    """The id of a run on the tiny backbone."""
    outcome = call("train", images, *TINY, "--json")
    assert outcome.code == 0, outcome.err
    return last_document(outcome)["run"]
