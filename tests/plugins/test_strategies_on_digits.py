"""Every built-in strategy on handwritten digits, with the pretrained network and its features."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from sklearn.datasets import load_digits

from graftwork.app import make_workshop
from graftwork.engine.job import DataSettings, TrainingJob
from graftwork.engine.training_settings import TrainingSettings
from graftwork_strategies import register_strategies
from support.generators import drain

PER_CLASS = 24  # 120 images to train, 60 to validate and 60 to test: one in ten is chance
FEW = {"epochs": 3}
SHORT = {
    "feature-extraction": {},
    "logistic-regression": {},
    "prototypes": {},
    "top-stages": FEW,
    "named-stages": {"stages": "stage6, stage7", **FEW},
    "surgical": {"images": 64, **FEW},
    "norms-and-biases": FEW,
    "low-rank": FEW,
    "head-then-all": FEW,
    "full-fine-tuning": FEW,
    "progressive-unfreezing": {"epochs": 2},
    "partial-reinitialization": {"epochs": 2},
    "from-scratch": FEW,
}


@pytest.fixture(scope="module")
def digits(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The first images of each digit, 8 x 8 pixels, in class folders."""
    folder = tmp_path_factory.mktemp("digits")
    known = load_digits()
    for digit in range(10):
        (folder / str(digit)).mkdir()
        for number, image in enumerate(known.images[known.target == digit][:PER_CLASS]):
            pixels = (image * 255 / 16).astype(np.uint8)
            Image.fromarray(pixels).save(folder / str(digit) / f"{number}.png")
    return folder


def test_no_strategy_is_left_out() -> None:
    assert set(SHORT) == {strategy.name for strategy in register_strategies()}


@pytest.mark.parametrize("strategy", SHORT)
def test_it_learns_real_images_through_real_features(strategy: str, digits: Path) -> None:
    job = TrainingJob(
        data=DataSettings(path=digits, validation=0.25, test=0.25),
        backbone="efficientnet-lite0",
        strategy=strategy,
        strategy_settings=SHORT[strategy],
        training=TrainingSettings(size=64, device="cpu"),
    )
    workshop = make_workshop()
    drain(workshop.train(job))
    assert workshop.current_run is not None
    _, evaluation = drain(workshop.evaluate(workshop.current_run.id))
    accuracy = evaluation.figures["accuracy"].value
    if strategy == "from-scratch":  # 120 images and 3 epochs are far too few
        assert accuracy < 0.4
    else:
        assert accuracy > 0.6
