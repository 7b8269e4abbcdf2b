"""Batch norm says the same while training validates, in the kept classifier, and when exported."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import get_args

import numpy as np
import pytest
import torch
from pydantic import BaseModel
from torch import nn

from graftwork.data.decoding import decode
from graftwork.data.resize import resize
from graftwork.engine.classifier import Classifier, load_classifier
from graftwork.engine.events import EpochDone
from graftwork.engine.split_file import SPLIT_FILE
from graftwork.evaluation.evaluate import evaluate
from graftwork.export.onnx_classifier import OnnxClassifier
from graftwork.export.onnx_model import export_onnx
from graftwork.plugin_api import (
    HEAD,
    BackboneOutline,
    BatchNorm,
    DataOutline,
    Item,
    Phase,
    Plan,
    Strategy,
)
from graftwork.plugin_host.registry import Registry
from support.generators import drain
from support.images import make_folder
from support.jobs import of_kind, run_job, small_job
from support.tiny import TINY, build_tiny

MODES = get_args(BatchNorm)
CLOSE = 2e-5


class Nothing(BaseModel):
    """Nothing can be set."""


def strategy(mode: BatchNorm) -> Strategy:
    """The top half of the network learns for some epochs; nothing is augmented."""

    def plan(_settings: Nothing, _backbone: BackboneOutline, _data: DataOutline) -> Plan:
        rates = {"top": 0.02, "pool": 0.02, HEAD: 0.02}
        yield Phase(name="Some", epochs=5, rates=rates, batch_norm=mode, schedule="constant")

    return Strategy(
        name="some",
        title="Some",
        summary="For tests",
        settings=Nothing,
        plan=plan,
        augmentation="none",
    )


def build_settled(weights: Path | None) -> nn.Sequential:
    """The tiny backbone with statistics as of earlier training, not those of a new network."""
    stages = build_tiny(weights)
    generator = torch.Generator().manual_seed(0)
    for norm in norms(stages):
        norm.running_mean.normal_(0, 0.3, generator=generator)
        norm.running_var.uniform_(0.3, 0.9, generator=generator)
    return stages


def norms(module: nn.Module) -> list[nn.BatchNorm2d]:
    return [m for m in module.modules() if isinstance(m, nn.BatchNorm2d)]


class Trained:
    """A run of the tiny backbone in one mode, and what its validation images gave then."""

    def __init__(self, mode: BatchNorm, folder: Path, registry: Registry) -> None:
        images = make_folder(folder / "images", per_class=16)
        settled = replace(TINY, build=build_settled)
        self.registry = replace(
            registry, strategies={"some": strategy(mode)}, backbones={"tiny": settled}
        )
        self.run = folder / "run"
        events = run_job(small_job(images, "some", best_metric="loss"), self.registry, self.run)
        self.validation_loss = min(e.validation_loss for e in of_kind(events, EpochDone))
        split = json.loads((self.run / SPLIT_FILE).read_text("utf-8"))["validation"]
        self.items = [Item(path=images / path, label=Path(path).parts[0]) for path in split]
        self.images = np.stack([decode(item.path, 3) for item in self.items])

    def classifier(self) -> Classifier:
        return load_classifier(self.run, self.registry.backbones)

    def labels(self) -> list[int]:
        classes = self.classifier().info.classes
        return [classes.index(item.label) for item in self.items]


@pytest.fixture(scope="module", params=MODES)
def trained(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, registry: Registry
) -> Trained:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GRAFTWORK_HOME", str(tmp_path_factory.mktemp("home")))
        return Trained(request.param, tmp_path_factory.mktemp("trained"), registry)


def loss_of(probabilities: np.ndarray, labels: list[int]) -> float:
    """The mean negative log-likelihood, which is what validation reports."""
    return float(-np.log(probabilities[np.arange(len(labels)), labels]).mean())


def evaluated(classifier: Classifier, trained: Trained) -> np.ndarray:
    """Probabilities (n, classes) of the validation images, as evaluation gives them."""
    with torch.inference_mode():
        pixels = resize(torch.from_numpy(trained.images), classifier.info.input)
    rows = pixels.permute(0, 2, 3, 1).to(torch.uint8).numpy()
    _, evaluation = drain(evaluate(classifier, rows, trained.items))
    classes = classifier.info.classes
    return np.array([[one.probabilities[c] for c in classes] for one in evaluation.predictions])


def test_evaluation_says_what_validation_said(trained: Trained) -> None:
    found = evaluated(trained.classifier(), trained)
    assert loss_of(found, trained.labels()) == pytest.approx(trained.validation_loss, abs=CLOSE)


def test_the_exported_model_says_what_evaluation_says(trained: Trained, tmp_path: Path) -> None:
    """Exported from a classifier that was left in training mode, to make it harder."""
    export_onnx(trained.classifier().train(), tmp_path / "model.onnx", list(trained.images))
    found = OnnxClassifier(tmp_path / "model.onnx").probabilities(trained.images)
    expected = evaluated(trained.classifier(), trained)
    np.testing.assert_allclose(found, expected, atol=CLOSE)
    assert expected.std(0).min() > 100 * CLOSE


def forgotten(norm: nn.BatchNorm2d) -> None:
    """As if only weights had been kept."""
    norm.reset_running_stats()


def of_the_batch(norm: nn.BatchNorm2d) -> None:
    """As if it had been left in training mode."""
    norm.track_running_stats = False
    norm.running_mean = norm.running_var = None


@pytest.mark.parametrize("mistake", [forgotten, of_the_batch])
@pytest.mark.parametrize("places", [slice(None), slice(-1, None)], ids=["everywhere", "at the top"])
def test_the_comparison_would_notice_a_mistake(
    trained: Trained, mistake: Callable[[nn.BatchNorm2d], None], places: slice
) -> None:
    """A control: what the first two tests compare differs clearly where a mode is wrong."""
    classifier = trained.classifier()
    for norm in norms(classifier)[places]:
        mistake(norm)
    found = evaluated(classifier, trained)
    assert abs(loss_of(found, trained.labels()) - trained.validation_loss) > 50 * CLOSE
    assert np.abs(found - evaluated(trained.classifier(), trained)).max() > 50 * CLOSE
