from __future__ import annotations

import multiprocessing
from dataclasses import replace

import pytest
from torch import nn

from graftwork.engine.cost.memory_fit import MemoryFit, fit_memory
from graftwork.engine.cost.trial_steps import Trial, rising_sizes, try_sizes
from graftwork.engine.errors import TrainingError
from graftwork.engine.events import Progress
from graftwork.engine.speed.compiling import piece_sizes
from graftwork.engine.training_settings import TrainingSettings
from support.classifiers import tiny_classifier
from support.generators import drain
from support.tiny import TINY

_TOO_MANY = 2**44


def _trial(*sizes, batch_norm="auto", **changes):
    return Trial(
        backbone=replace(TINY, **changes),
        info=tiny_classifier().info,
        training=TrainingSettings(device="cpu", batch_norm=batch_norm),
        sizes=sizes,
    )


def _broken(_weights):
    raise ValueError("no such network")


def test_the_most_that_fits_is_found_before_memory_ends():
    progress, fit = drain(fit_memory(_trial(1, 4, _TOO_MANY)))
    assert fit.images == 4
    assert {type(event) for event in progress} == {Progress}
    assert multiprocessing.active_children() == []


def test_a_process_that_holds_too_much_is_ended():
    with pytest.raises(TrainingError, match="Not even one image"):
        drain(fit_memory(_trial(1), budget=1))
    assert multiprocessing.active_children() == []


def test_closing_ends_the_process():
    trying = fit_memory(_trial(1, 4))
    next(trying)
    trying.close()
    assert multiprocessing.active_children() == []


def test_a_backbone_that_cannot_be_sent_is_said():
    with pytest.raises(TrainingError, match="another process"):
        drain(fit_memory(_trial(1, build=lambda _weights: None)))


def _sent(trial):
    receiving, sending = multiprocessing.Pipe(duplex=False)
    try_sizes(sending, trial)
    answers = []
    with receiving:
        while receiving.poll():
            try:
                answers.append(receiving.recv())
            except EOFError:
                break
    return answers


def test_trial_steps_send_each_size_and_stop_when_memory_is_full():
    assert _sent(_trial(1, 2, _TOO_MANY, 3)) == [1, 2]


def _refuses_frozen_norms(weights):
    stages = TINY.build(weights)

    def look(norm, inputs):
        if not norm.training and len(inputs[0]) > 1:
            raise ValueError("a frozen norm")

    for part in stages.modules():
        if isinstance(part, nn.BatchNorm2d):
            part.register_forward_pre_hook(look)
    return stages


@pytest.mark.parametrize(
    ("batch_norm", "answers"), [("auto", [1, 4]), ("frozen", [1, "ValueError: a frozen norm"])]
)
def test_norms_learn_in_trial_steps_unless_they_are_kept(batch_norm, answers):
    """Then they need more memory: what goes into them is kept for their gradients."""
    assert _sent(_trial(1, 4, batch_norm=batch_norm, build=_refuses_frozen_norms)) == answers


def test_other_errors_are_sent_as_text():
    (sent,) = _sent(_trial(1, build=_broken))
    assert "The backbone tiny could not be built (ValueError: no such network)" in sent


@pytest.mark.parametrize(
    ("most", "sizes"), [(1, (1,)), (2, (1, 2)), (32, (1, 2, 4, 8, 16, 32)), (5, (1, 2, 4, 5))]
)
def test_sizes_double_up_to_the_most(most, sizes):
    assert rising_sizes(most) == sizes


@pytest.mark.parametrize(("images", "parts"), [(32, 1), (16, 2), (5, 7), (2, 16)])
def test_what_does_not_fit_at_once_passes_in_parts(images, parts):
    assert MemoryFit(images=images, batch_size=32).accumulate == parts
    assert max(piece_sizes(32, parts)) <= images
    assert len(piece_sizes(32, parts)) == parts


@pytest.mark.parametrize(("images", "batch_size"), [(1, 32), (2, 33), (2, 5)])
def test_parts_that_would_be_too_small_are_not_advised(images, batch_size):
    assert MemoryFit(images=images, batch_size=batch_size).accumulate is None
