"""What a phase of gradient steps is handed before the first of them."""

from __future__ import annotations

import pytest
import torch

from graftwork.engine.checkpoints.keeper import CheckpointKeeper
from graftwork.engine.job import StartSettings
from graftwork.engine.kinds.gradient_beginning import begin_gradient_phase
from graftwork.engine.learning.importance import measure_importance
from graftwork.engine.setup import TrainingSetup
from graftwork.engine.speed.processes import Processes
from graftwork.engine.starting import start_run
from graftwork.engine.steps import epoch_batches, learn_batch, own_batch
from graftwork.plugin_api import EWC, HEAD, Phase
from support.generators import drain
from support.jobs import run_job, small_job

PHASE = Phase(name="x", epochs=2, rates={"top": 0.01, HEAD: 0.01}, batch_norm="frozen")


@pytest.fixture
def setup_of(registry, tmp_path):
    """What all phases of a job share."""

    def made(job) -> TrainingSetup:
        alone = Processes(device=torch.device("cpu"))
        folder = tmp_path / "run"
        folder.mkdir()
        return drain(start_run(job, registry, None, CheckpointKeeper(folder), alone))[1].setup

    return made


def test_ewc_pulls_back_to_the_earlier_run_by_what_mattered_there(
    images, registry, setup_of, tmp_path
):
    """By as many of its images as the phase says, at its weights, whatever was learned since."""
    earlier = tmp_path / "earlier"
    run_job(small_job(images, settings={"epochs": 3}, keep_sample=3), registry, earlier)
    start = {"start": StartSettings(folder=earlier), "seed": 5}
    setup = setup_of(small_job(images).model_copy(update=start))
    importance = drain(
        measure_importance(
            setup.classifier, setup.reference, setup.earlier, setup.device, images=4, seed=5
        )
    )[1]
    with torch.no_grad():
        for weight in setup.classifier.parameters():
            weight.mul_(1.1)
    phase = Phase(**{**vars(PHASE), "penalty": EWC(strength=4.0, images=4)})
    run = drain(begin_gradient_phase(setup, phase, 2, None))[1]
    expected = (
        4
        / 2
        * sum(
            float((importance[name] * (weight.detach() - setup.reference[name]).square()).sum())
            for name, weight in setup.classifier.named_parameters()
            if name.startswith(("stages.top.", "head."))
        )
    )
    assert expected > 0
    assert run.penalty().item() == pytest.approx(expected, rel=1e-4)


def test_each_step_of_each_epoch_is_mixed_by_numbers_of_its_own(images, setup_of):
    setup = setup_of(small_job(images, mixup=0.5, augmentation="none"))
    run = drain(begin_gradient_phase(setup, PHASE, 1, None))[1]
    seeds, mixing = [], run.mixing

    def noting(inputs, labels, seed):
        seeds.append(seed)
        return mixing(inputs, labels, seed)

    run.mixing = noting
    for epoch in (1, 2):
        run.progress = run.progress.model_copy(update={"epoch": epoch})
        for places in epoch_batches(setup, run):
            learn_batch(setup, run, own_batch(setup, run, places))
    assert len(seeds) == len(set(seeds)) == 6
