from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch.nn import functional

from graftwork.engine.inputs import PixelSamples
from graftwork.engine.learning.augmentation_trial import tried_augmentation
from graftwork.plugin_api import HEAD, Phase, PhaseReport
from support.generators import drain
from support.small_setup import small_setup

HEAD_PHASE = Phase(name="head", epochs=1, rates={HEAD: 0.1}, augmentation="none")
ALL = Phase(name="all", epochs=2, rates={HEAD: 0.1, "stem": 0.1})
DONE = PhaseReport(
    phase=HEAD_PHASE,
    epochs_run=1,
    best_epoch=1,
    best_score=0.0,
    best_loss=0.1,
    best_accuracy=1.0,
    improved=True,
)


def _lines(number):
    """Lines that lie, stand, or are not there: turned by any angle, they cannot be told apart."""
    image = np.random.default_rng(number).integers(100, 156, (32, 32, 3))
    if number % 3 == 0:
        image[::4] = image[1::4] = 255
    elif number % 3 == 1:
        image[:, ::4] = image[:, 1::4] = 255
    return image.astype(np.uint8)


def _colors(number):
    image = np.random.default_rng(number).integers(0, 120, (32, 32, 3))
    image[:, :, number % 3] += 100
    return image.astype(np.uint8)


def _samples(draw):
    return PixelSamples(
        pixels=np.stack([draw(number) for number in range(60)]),
        rows=np.arange(60),
        labels=torch.arange(60) % 3,
    )


@pytest.fixture(scope="module")
def learned():
    """Samples of each kind, and a setup whose classifier has learned to tell them."""
    setups = {}
    for draw in (_lines, _colors):
        samples = _samples(draw)
        setup = small_setup(parts={"train": samples, "validation": samples})
        _learn(setup.classifier.requires_grad_(True), samples)
        setups[draw] = replace(setup, reports=[DONE])
    return setups


def _learn(classifier, samples):
    optimizer = torch.optim.Adam(classifier.parameters(), lr=0.01)
    for _ in range(40):
        logits = classifier.logits(samples.batch(torch.arange(60)))
        loss = functional.cross_entropy(logits, samples.labels)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    assert loss < 0.2


def _found(setup, phase=ALL, *, strategy_advises="light", **training):
    """The level, and what was said."""
    wished = small_setup(**training).job
    given = replace(setup, job=wished, augmentation=training.get("augmentation", strategy_advises))
    notices, level = drain(tried_augmentation(given, phase))
    return level, notices


def test_changes_that_hide_what_tells_the_classes_are_left_out(learned):
    level, (notice,) = _found(learned[_lines], domain="microscopy")
    assert level == "none"
    assert notice.level == "info"
    assert "instead of 100%" in notice.text
    assert "augmentation=light would do it nonetheless" in notice.text


def test_the_user_has_them_nonetheless_and_a_warning(learned):
    level, (notice,) = _found(learned[_lines], augmentation="light", domain="microscopy")
    assert level == "light"
    assert notice.level == "warning"
    assert "set augmentation=none or another domain" in notice.text


@pytest.mark.parametrize("domain", ["documents", "photographs", "microscopy"])
def test_changes_that_leave_the_meaning_alone_are_made(learned, domain):
    assert _found(learned[_colors], domain=domain) == ("light", [])


def test_what_is_harmless_for_the_same_images_is_made(learned):
    assert _found(learned[_lines], domain="photographs") == ("light", [])


def test_nothing_is_tried_before_anything_was_learned(learned):
    fresh = replace(learned[_lines], reports=[])
    assert _found(fresh, domain="microscopy") == ("light", [])


def test_a_classifier_that_knows_nothing_is_no_judge(learned):
    untrained = replace(small_setup(), validation=learned[_lines].validation, reports=[DONE])
    assert _found(untrained, domain="microscopy") == ("light", [])


def test_a_phase_that_asks_for_plain_images_keeps_them(learned):
    assert _found(learned[_lines], HEAD_PHASE, domain="microscopy") == ("none", [])


def test_the_trial_leaves_the_classifier_as_it_was(learned):
    setup = learned[_lines]
    before = {name: value.clone() for name, value in setup.classifier.state_dict().items()}
    _found(setup, domain="microscopy")
    after = setup.classifier.state_dict()
    assert all(torch.equal(value, after[name]) for name, value in before.items())
