"""Classes with too few images to be in each part of the split."""

from __future__ import annotations

import pytest

from graftwork.engine import events as ev
from support.images import COLOURS, make_folder, make_image
from support.jobs import of_kind, run_job, small_job

SHORT = {
    "logistic-regression": {},
    "prototypes": {},
    "feature-extraction": {"epochs": 3},
    "surgical": {"head_epochs": 2, "epochs": 2},
    "partial-reinitialization": {"epochs": 2},
}


@pytest.fixture
def images(tmp_path):
    folder = make_folder(tmp_path / "images", classes=("blue", "green"))
    (folder / "red").mkdir()
    make_image(0, COLOURS["red"]).save(folder / "red" / "only.png")
    return folder


@pytest.mark.parametrize("strategy", SHORT)
def test_a_class_of_a_single_image_is_learned(strategy, images, registry, tmp_path):
    events = run_job(small_job(images, strategy, SHORT[strategy]), registry, tmp_path / "run")
    assert of_kind(events, ev.RunEnded)
    assert of_kind(events, ev.DataReady)[0].classes == ("blue", "green", "red")
    warned = [e.text for e in of_kind(events, ev.Notice) if e.level == "warning"]
    assert [text for text in warned if "image of red" in text] == [
        "There is no validation image of red, so that the best weights are chosen without such "
        "images.",
        "There is no test image of red, so that no figure tells how well such images are found.",
    ]


@pytest.mark.parametrize(
    "training",
    [
        {"class_weights": "inverse"},
        {"class_weights": "effective-number"},
        {"sampling": "balanced"},
        {"logit_adjustment": 1.0},
        {"head": "cosine", "focal_gamma": 2.0},
    ],
)
def test_settings_for_rare_classes_bear_it(training, images, registry, tmp_path):
    job = small_job(images, "feature-extraction", {"epochs": 2}, **training)
    assert of_kind(run_job(job, registry, tmp_path / "run"), ev.RunEnded)
