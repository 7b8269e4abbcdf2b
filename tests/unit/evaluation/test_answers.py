"""What is kept of probabilities."""

from __future__ import annotations

import numpy as np
import pytest

from graftwork.evaluation.answers import KEPT_CLASSES, answers, joined
from graftwork.evaluation.bootstrap import image_losses


def _probabilities(images: int, classes: int) -> np.ndarray:
    return np.random.default_rng(0).dirichlet(np.ones(classes), images).astype(np.float32)


@pytest.mark.parametrize("classes", [2, KEPT_CLASSES, 50])
def test_the_most_probable_classes_are_kept_highest_first(classes: int) -> None:
    labels, probabilities = np.arange(7) % classes, _probabilities(7, classes)
    kept = answers(labels, probabilities)
    assert kept.classes.shape == kept.probabilities.shape == (7, min(classes, KEPT_CLASSES))
    highest = -np.sort(-probabilities)[:, :KEPT_CLASSES]
    np.testing.assert_array_equal(kept.probabilities, highest)
    for row in range(7):
        np.testing.assert_array_equal(probabilities[row, kept.classes[row]], highest[row])
    np.testing.assert_array_equal(kept.predicted, probabilities.argmax(1))
    np.testing.assert_array_equal(kept.losses, image_losses(labels, probabilities))


def test_of_equal_classes_the_first_wins_as_with_argmax() -> None:
    kept = answers(np.zeros(1, dtype=np.int64), np.full((1, 40), 1 / 40, dtype=np.float32))
    assert kept.classes[0].tolist() == list(range(KEPT_CLASSES))


def test_batches_join_to_what_all_images_give_at_once() -> None:
    labels, probabilities = np.arange(9) % 4, _probabilities(9, 4)
    whole = answers(labels, probabilities)
    parts = joined([answers(labels[rows], probabilities[rows]) for rows in (slice(5), slice(5, 9))])
    for name in ("labels", "losses", "squared_errors", "classes", "probabilities"):
        np.testing.assert_array_equal(getattr(whole, name), getattr(parts, name))
