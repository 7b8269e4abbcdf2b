"""Images a hundred times as long as wide go the whole way: training, evaluation, export."""

from __future__ import annotations

from pathlib import Path
from typing import get_args

import numpy as np
import pytest
import torch

from graftwork.data.decoding import decode
from graftwork.data.input_spec import Fit, input_spec
from graftwork.data.resize import PAD_LEVEL, resize
from graftwork.engine.classifier import load_classifier
from graftwork.engine.events import EpochDone, ProblemFound
from graftwork.evaluation.evaluate import evaluate
from graftwork.export.onnx_model import export_onnx
from graftwork.export.predict import FilePrediction, predict_files
from graftwork.plugin_api import Item
from graftwork.plugin_host.registry import Registry
from support.generators import drain
from support.images import COLOURS, make_image
from support.jobs import of_kind, run_job, small_job

SHAPES = ((1, 2000), (2000, 1), (3, 1200), (700, 2), (1, 1), (32, 40))
"""(width, height), twelve to a class."""


@pytest.fixture
def slivers(tmp_path: Path) -> Path:
    root = tmp_path / "slivers"
    for name, colour in COLOURS.items():
        (root / name).mkdir(parents=True)
        for number, size in enumerate(SHAPES * 2):
            make_image(number, colour, size).save(root / name / f"{number:02}.png")
    return root


@pytest.mark.parametrize("fit", get_args(Fit))
def test_slivers_train_evaluate_and_export(
    slivers: Path, tmp_path: Path, registry: Registry, fit: Fit
) -> None:
    run, model = tmp_path / "run", tmp_path / "model.onnx"
    job = small_job(slivers, settings={"epochs": 40, "rate": 0.05}, fit=fit)
    events = run_job(job, registry, run)
    assert not of_kind(events, ProblemFound)
    assert max(e.validation_accuracy for e in of_kind(events, EpochDone)) >= 0.6
    classifier = load_classifier(run, registry.backbones)
    files = sorted(slivers.rglob("*.png"))
    images = [decode(file, 3) for file in files]
    with torch.inference_mode():
        rows = [resize(torch.from_numpy(image)[None], classifier.info.input) for image in images]
    pixels = torch.cat(rows).permute(0, 2, 3, 1).to(torch.uint8).numpy()
    items = [Item(path=file, label=file.parent.name) for file in files]
    _, evaluation = drain(evaluate(classifier, pixels, items))
    export_onnx(classifier, model, images[:: len(SHAPES) * 2] + images[: len(SHAPES)])
    predicted = list(predict_files(model, files))
    assert all(isinstance(one, FilePrediction) for one in predicted)
    for found, expected in zip(predicted, evaluation.predictions, strict=True):
        assert found.path == expected.path
        assert dict(found.probabilities) == pytest.approx(expected.probabilities, abs=1e-4)


@pytest.mark.parametrize("shape", [(2000, 1), (1, 2000)])
def test_a_sliver_keeps_its_colour_in_every_fit(shape: tuple[int, int], registry: Registry) -> None:
    colour = np.array([200, 50, 40], dtype=np.uint8)
    image = torch.from_numpy(np.tile(colour, (1, *shape, 1)))
    for fit in get_args(Fit):
        spec = input_spec(registry.backbone("tiny").preprocessing, fit=fit, channels=3)
        pixels = resize(image, spec)[0]
        grey = (pixels == PAD_LEVEL).all(0)
        assert pixels[:, ~grey].unique(dim=1).flatten().tolist() == colour.tolist()
        assert grey.any() == (fit == "pad")
