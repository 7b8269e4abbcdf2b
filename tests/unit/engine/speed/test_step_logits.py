from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from graftwork.engine.events import Notice
from graftwork.engine.inputs import PhaseInputs, PixelSamples
from graftwork.engine.speed.compiling import CompiledLogits
from graftwork.engine.speed.step_logits import StepLogits, step_logits
from support.classifiers import tiny_classifier
from support.generators import drain
from support.jobs import small_job

_CPU = torch.device("cpu")


def _inputs(classifier):
    pixels = np.random.default_rng(0).integers(0, 256, (5, 32, 32, 3), dtype=np.uint8)
    samples = PixelSamples(pixels=pixels, rows=np.arange(5), labels=torch.zeros(5).long())
    return PhaseInputs(views=(samples,), validation=samples, logits=classifier.logits, live=True)


def _logits(classifier, **training):
    job = small_job(Path("images"), **training)
    inputs = _inputs(classifier)
    return inputs, *drain(step_logits(job, classifier.stages, inputs, _CPU, steps=9, images=8))


def _state(classifier):
    tensors = {name: value.clone() for name, value in classifier.state_dict().items()}
    return tensors, [part.training for part in classifier.modules()]


@pytest.mark.parametrize("learning", ["stem", "top"])
def test_learning_stages_are_fused(learning):
    classifier = tiny_classifier().eval()
    classifier.stages.requires_grad_(False).get_submodule(learning).requires_grad_(True)
    inputs, notices, logits = _logits(classifier)
    assert isinstance(logits, StepLogits)
    assert notices == []
    pixels = inputs.train(1).batch(torch.arange(5))
    torch.testing.assert_close(logits(pixels), inputs.logits(pixels))


def test_a_network_in_training_mode_is_left_as_it_was():
    """Statistics of batch normalization must not take in the images that are tried."""
    classifier = tiny_classifier().train()
    before = _state(classifier)
    _logits(classifier)
    torch.testing.assert_close(_state(classifier), before, rtol=0, atol=0)


def test_a_head_alone_needs_nothing():
    classifier = tiny_classifier()
    classifier.stages.requires_grad_(False)
    inputs, notices, logits = _logits(classifier, compile="on")
    assert logits is inputs.logits
    assert notices == []


def test_what_shall_be_compiled_is_and_it_is_said(tmp_path, monkeypatch):
    (tmp_path / "g++").touch(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr("platform.system", lambda: "Linux")
    _, (notice,), logits = _logits(tiny_classifier(), compile="on")
    assert isinstance(logits, CompiledLogits)
    assert isinstance(notice, Notice)
    assert "compiled" in notice.text
