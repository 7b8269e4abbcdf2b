"""What is kept on the way through frozen stages, for phases that may need it, and how much."""

from __future__ import annotations

import pytest
from torch import nn

from graftwork.engine.frozen import plan as frozen_plan
from graftwork.engine.frozen.plan import plan_frozen
from graftwork.plugin_api import HEAD, Phase, PhaseReport
from support.small_setup import small_setup

IMAGES = 40 + 12  # of both parts of a small setup
STEM, MIDDLE, TOP = (2 * numbers * IMAGES for numbers in (8 * 16 * 16, 16 * 8 * 8, 16 * 4 * 4))
"""The bytes that are kept above each stage, in fp16."""


def _phase(*stages):
    return Phase(name="phase", epochs=6, rates=dict.fromkeys((*stages, HEAD), 0.05))


def _report(phase):
    return PhaseReport(
        phase=phase, epochs_run=1, best_epoch=1, best_score=0.5, best_loss=1.0,
        best_accuracy=0.5, improved=True,
    )  # fmt: skip


@pytest.fixture
def tapped(monkeypatch):
    """After how many stages something is kept, where four are frozen and two learn."""
    monkeypatch.setitem(frozen_plan._WORTH_READING, "cpu", 0)  # also what is computed in no time

    def of(*earlier):
        setup = small_setup()
        stages = setup.classifier.stages
        stages.pool.append(nn.Linear(16, 16))
        for name in ("neck", "last"):
            stages.add_module(name, nn.Linear(16, 16))
        setup.reports.extend(map(_report, earlier))
        plan = plan_frozen(setup, _phase("neck", "last"), "none", room=2**40)
        return [tap.stages for tap in plan.taps]

    return of


@pytest.mark.parametrize(
    ("room", "stages"),
    [(2**30, [2, 3]), (MIDDLE + TOP, [2, 3]), (MIDDLE + TOP - 1, [3]), (TOP, [3]), (TOP - 1, [])],
)
def test_the_highest_two_are_kept_as_far_as_there_is_room(tapped, monkeypatch, room, stages):
    monkeypatch.setattr(frozen_plan, "_TAPPED_BYTES", room)
    assert tapped() == stages


@pytest.mark.parametrize(
    ("room", "stages"),
    [(STEM + MIDDLE + TOP, [1, 2, 3]), (STEM + MIDDLE + TOP - 1, [2, 3]), (TOP - 1, [])],
)
def test_while_stage_after_stage_is_unfrozen_all_are_kept_that_have_room(
    tapped, monkeypatch, room, stages
):
    monkeypatch.setattr(frozen_plan, "_UNFREEZING_BYTES", room)
    assert tapped(_phase(), _phase("last")) == stages
