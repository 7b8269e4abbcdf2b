"""Ten thousand classes within bounds of memory, and a few hundred nested ones from end to end."""

from __future__ import annotations

import tracemalloc
from itertools import product
from pathlib import Path

import numpy as np
import pytest
import torch
from torch.nn import functional
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from graftwork.engine import events as ev
from graftwork.engine.classifier import load_classifier
from graftwork.engine.heads.build import build_head
from graftwork.engine.heads.spec import HeadSpec
from graftwork.engine.scores import ScoreTally
from graftwork.evaluation.answers import answers, joined
from graftwork.evaluation.evaluate import measure
from graftwork.evaluation.report import Evaluation
from graftwork.plugin_api import Item
from support.images import make_image
from support.jobs import of_kind, run_job, small_job

CLASSES = tuple(f"{a}/{b}/{c}" for a, b, c in product(range(10), range(20), range(50)))
IMAGES, FEATURES, BATCH = 2 * len(CLASSES), 8, 64


class LargestTensor(TorchDispatchMode):
    """Notes how many numbers the largest tensor has that any operation gives."""

    def __init__(self):
        super().__init__()
        self.numbers = 0

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        given = func(*args, **(kwargs or {}))
        for leaf in tree_leaves(given):
            if isinstance(leaf, torch.Tensor):
                self.numbers = max(self.numbers, leaf.numel())
        return given


def _rows() -> tuple[torch.Tensor, torch.Tensor]:
    """Two features rows a class, near each other."""
    rng = np.random.default_rng(0)
    labels = np.arange(IMAGES) % len(CLASSES)
    rows = rng.normal(size=(len(CLASSES), FEATURES))[labels] + 0.05 * rng.normal(size=(IMAGES, 1))
    return torch.from_numpy(rows).float(), torch.from_numpy(labels)


@pytest.mark.parametrize("kind", ["linear", "hierarchical", "cosine"])
def test_ten_thousand_classes_learn_in_memory_for_a_batch(kind):
    torch.manual_seed(0)
    head, (features, labels) = build_head(HeadSpec(kind=kind), FEATURES, CLASSES), _rows()
    optimizer = torch.optim.AdamW(head.parameters(), lr=0.02)
    losses, tally = [], ScoreTally()
    with LargestTensor() as largest:
        for places in torch.arange(IMAGES).split(BATCH)[:15]:
            optimizer.zero_grad()
            loss = functional.cross_entropy(head(features[places]), labels[places])
            loss.backward()
            optimizer.step()
            losses.append(float(loss.detach()))
        with torch.no_grad():
            for places in torch.arange(500).split(BATCH):
                tally.add(head(features[places]), labels[places])
    assert largest.numbers <= 4 * BATCH * len(CLASSES)
    assert tally.scores().loss < losses[0]


def test_scores_and_evaluation_of_ten_thousand_classes_stay_far_below_their_square():
    labels, rng = torch.arange(0, len(CLASSES), 10), np.random.default_rng(0)
    items = [Item(path=Path(f"{place}.png"), label=CLASSES[c]) for place, c in enumerate(labels)]
    tracemalloc.start()
    tally, kept = ScoreTally(), []
    for places in torch.arange(len(labels)).split(32):
        logits = rng.normal(size=(len(places), len(CLASSES))).astype(np.float32)
        logits[np.arange(len(places)), labels[places]] += 4
        tally.add(torch.from_numpy(logits), labels[places])
        chances = torch.from_numpy(logits).softmax(1).numpy()
        kept.append(answers(labels[places].numpy(), chances))
    evaluation = measure(items, joined(kept), CLASSES)
    _, peak = tracemalloc.get_traced_memory()
    text = evaluation.model_dump_json()
    tracemalloc.stop()
    # One byte for each pair of classes would be 95 MiB, the chances of all images 38 MiB.
    assert peak < 30 * 2**20
    assert len(text) < 5 * 2**20
    assert evaluation.figures["accuracy"].value == tally.scores().accuracy
    assert evaluation.figures["accuracy_level_1"].value > evaluation.figures["accuracy"].value
    assert len(evaluation.per_class) == len(CLASSES)
    assert sum(images for _, _, images in evaluation.confusion) == len(labels)
    assert Evaluation.model_validate_json(text).figures == evaluation.figures


@pytest.fixture(scope="module")
def nested(tmp_path_factory) -> Path:
    """8 x 5 x 5 classes of four small images each, whose colour tells the class."""
    root = tmp_path_factory.mktemp("nested")
    for red, green, blue in product(range(8), range(5), range(5)):
        folder = root / f"red {red}" / f"green {green}" / f"blue {blue}"
        folder.mkdir(parents=True)
        for index in range(4):
            make_image(index, (30 * red, 50 * green, 50 * blue), (12, 12)).save(
                folder / f"{index}.png"
            )
    return root


def test_two_hundred_nested_classes_train_from_folders(nested, registry, tmp_path):
    run = tmp_path / "run"
    job = small_job(
        nested, settings={"epochs": 8, "rate": 0.05}, head="hierarchical", batch_size=64
    )
    events = run_job(job, registry, run)
    epochs = of_kind(events, ev.EpochDone)
    assert len(of_kind(events, ev.DataReady)[0].classes) == 200
    assert epochs[-1].validation_loss < epochs[0].validation_loss
    classifier = load_classifier(run, registry.backbones)
    assert classifier.info.classes[0] == "red 0/green 0/blue 0"
    with torch.no_grad():
        chances = classifier(torch.zeros(2, 20, 20, 3, dtype=torch.uint8))
    assert chances.shape == (2, 200)
    torch.testing.assert_close(chances.sum(1), torch.ones(2))
