"""A classifier whose answers are far from even, and what it is exported to."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from graftwork.data.input_spec import input_spec
from graftwork.data.resize import resize
from graftwork.engine.classifier import Classifier, build_classifier
from graftwork.engine.classifier_info import ClassifierInfo
from graftwork.engine.heads.spec import HeadSpec
from graftwork.export.onnx_model import ExportReport, export_onnx
from graftwork.plugin_api import Backbone
from support.tiny import TINY

CLASSES = ("bee", "Käfer 🐞", 'with "quotes", and comma')


def make_classifier(backbone: Backbone = TINY, *, channels: int = 3, **spec: Any) -> Classifier:
    info = ClassifierInfo(
        classes=CLASSES,
        input=input_spec(backbone.preprocessing, fit="squash", channels=channels).model_copy(
            update={"size": 64, **spec}
        ),
        backbone=backbone.name,
        strategy="feature-extraction",
        head=HeadSpec(dropout=0.5),
        data_fingerprint="f" * 64,
        graftwork_version="0",
    )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        classifier = build_classifier(backbone, info).eval()
    _tell_samples_apart(classifier, make_samples(channels))
    return classifier


@torch.no_grad()
def _tell_samples_apart(classifier: Classifier, samples: list[np.ndarray]) -> None:
    """Random weights answer evenly, which would hide every mistake: center and widen."""
    spec, linear = classifier.info.input, classifier.head.linear
    pixels = torch.cat([resize(torch.from_numpy(sample)[None], spec) for sample in samples])
    center, spread = classifier.logits(pixels).mean(0), classifier.logits(pixels).std(0).mean()
    linear.bias.copy_((linear.bias - center) / spread)
    linear.weight.div_(spread)


def make_samples(channels: int = 3) -> list[np.ndarray]:
    """Images of several shapes, to be enlarged and reduced, of unlike colors, smooth and noisy."""
    rng = np.random.default_rng(0)
    sizes = [(64, 64), (40, 90), (90, 40), (7, 5), (1, 60), (211, 160)]
    samples = []
    for height, width in sizes:
        ramp = np.linspace(0, 1, height)[:, None, None] * rng.uniform(0, 200, (1, width, channels))
        color = rng.integers(0, 200, channels) * np.ones((height, width, 1))
        samples.append(((ramp + color) / 2 + rng.integers(0, 50, ramp.shape)).astype(np.uint8))
    return samples


@pytest.fixture(scope="session")
def classifier() -> Classifier:
    return make_classifier()


@pytest.fixture(scope="session")
def exported(
    classifier: Classifier, tmp_path_factory: pytest.TempPathFactory
) -> Callable[[bool], ExportReport]:
    """The classifier as an ONNX file, as images or plain; each is written once."""
    folder = tmp_path_factory.mktemp("exported")
    reports: dict[bool, ExportReport] = {}

    def export(plain: bool = False) -> ExportReport:
        if plain not in reports:
            file = Path(folder / f"plain-{plain}.onnx")
            reports[plain] = export_onnx(classifier, file, make_samples(), plain)
        return reports[plain]

    return export
