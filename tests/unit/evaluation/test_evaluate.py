from __future__ import annotations

from collections.abc import Generator
from pathlib import Path

import numpy as np
import pytest
import torch

from graftwork.data.input_spec import input_spec
from graftwork.engine.classifier import Classifier, build_classifier
from graftwork.engine.classifier_info import ClassifierInfo
from graftwork.engine.events import Progress
from graftwork.engine.heads.spec import HeadSpec
from graftwork.evaluation.evaluate import BATCH, EvaluationError, evaluate
from graftwork.evaluation.report import Evaluation
from graftwork.plugin_api import Item
from support.tiny import TINY

CLASSES = ("blue", "green", "red")


@pytest.fixture
def classifier() -> Classifier:
    torch.manual_seed(1)
    info = ClassifierInfo(
        classes=CLASSES,
        input=input_spec(TINY.preprocessing, fit="squash", channels=3),
        backbone="tiny",
        strategy="test",
        head=HeadSpec(dropout=0.5),
        data_fingerprint="none",
        graftwork_version="0",
    )
    return build_classifier(TINY, info)


def _pixels(images: int) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (images, 32, 32, 3), dtype=np.uint8)


def _items(images: int) -> list[Item]:
    return [Item(path=Path(f"{i}.png"), label=CLASSES[i % 3]) for i in range(images)]


def _run(
    work: Generator[Progress, None, Evaluation],
) -> tuple[list[Progress], Evaluation]:
    progress = []
    while True:
        try:
            progress.append(next(work))
        except StopIteration as end:
            return progress, end.value


@pytest.mark.parametrize("images", [1, BATCH, BATCH + 1, 70])
def test_probabilities_are_the_classifiers_own(classifier: Classifier, images: int) -> None:
    pixels, items = _pixels(images), _items(images)
    progress, evaluation = _run(evaluate(classifier, pixels, items))
    with torch.inference_mode():
        expected = classifier.eval()(torch.from_numpy(pixels)).numpy()
    found = np.array(
        [[each.probabilities[name] for name in CLASSES] for each in evaluation.predictions]
    )
    np.testing.assert_allclose(found, expected, atol=1e-6)
    assert [step.done for step in progress] == [*range(0, images, BATCH), images]
    assert {step.total for step in progress} == {images}


def test_the_evaluation_fits_together(classifier: Classifier) -> None:
    items = _items(50)
    _, evaluation = _run(evaluate(classifier, _pixels(50), items))
    confusion = np.zeros((3, 3), dtype=int)
    for true, said, images in evaluation.confusion:
        confusion[true, said] = images
    right = sum(one.label == one.predicted for one in evaluation.predictions)
    assert evaluation.images == confusion.sum() == 50
    assert evaluation.figures["accuracy"].value == right / 50 == confusion.trace() / 50
    assert [one.images for one in evaluation.per_class] == confusion.sum(1).tolist()
    assert [(one.path, one.label) for one in evaluation.predictions] == [
        (item.path, item.label) for item in items
    ]
    assert Evaluation.model_validate_json(evaluation.model_dump_json()) == evaluation


def test_rows_pick_a_part_of_a_memory_mapped_file(classifier: Classifier, tmp_path: Path) -> None:
    np.save(tmp_path / "pixels.npy", _pixels(40))
    mapped = np.load(tmp_path / "pixels.npy", mmap_mode="r")
    items, rows = _items(40), [39, 0, 7]
    _, whole = _run(evaluate(classifier, mapped, items))
    _, part = _run(evaluate(classifier, mapped, [items[row] for row in rows], rows=rows))
    for row, prediction in zip(rows, part.predictions, strict=True):
        assert prediction.probabilities == pytest.approx(
            whole.predictions[row].probabilities, abs=1e-6
        )
        assert prediction.path == items[row].path


def test_the_classifier_is_left_as_it_was(classifier: Classifier) -> None:
    classifier.train()
    classifier.stages[0].eval()
    before = [module.training for module in classifier.modules()]
    statistics = classifier.stages.state_dict()["stem.1.running_mean"].clone()
    _run(evaluate(classifier, _pixels(3), _items(3)))
    assert [module.training for module in classifier.modules()] == before
    assert torch.equal(classifier.stages.state_dict()["stem.1.running_mean"], statistics)


def test_closed_early_it_leaves_mode_and_gradients_alone(classifier: Classifier) -> None:
    classifier.train()
    work = evaluate(classifier, _pixels(40), _items(40))
    next(work)
    next(work)
    assert not torch.is_inference_mode_enabled()
    work.close()
    assert classifier.training
    classifier.logits(torch.zeros(2, 3, 32, 32)).sum().backward()


def test_no_images(classifier: Classifier) -> None:
    with pytest.raises(EvaluationError, match="no images"):
        next(evaluate(classifier, _pixels(0), []))


def test_a_class_that_was_not_taught(classifier: Classifier) -> None:
    items = [Item(path=Path("x.png"), label="mauve")]
    with pytest.raises(EvaluationError, match=r"not taught: mauve.*knows blue, green, red"):
        next(evaluate(classifier, _pixels(1), items))


def test_damaged_weights_are_named(classifier: Classifier) -> None:
    with torch.no_grad():
        classifier.head.linear.weight.fill_(float("nan"))
    with pytest.raises(EvaluationError, match="damaged"):
        _run(evaluate(classifier, _pixels(2), _items(2)))
