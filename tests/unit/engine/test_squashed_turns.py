"""A warning where shapes would be turned by any angle that were distorted before."""

from __future__ import annotations

import pytest

from graftwork.engine.events import Notice
from support.images import COLOURS, make_image
from support.jobs import of_kind, run_job, small_job

TURNED = {"domain": "microscopy", "augmentation": "light"}


def _folder(root, *sizes):
    """Two classes of twelve images, whose sizes take turns."""
    for name in ("blue", "red"):
        (root / name).mkdir(parents=True)
        for index in range(12):
            size = sizes[index % len(sizes)]
            make_image(index, COLOURS[name], size).save(root / name / f"{index}.png")
    return root


def _said(root, registry, folder, **training):
    job = small_job(root, "feature-extraction", {"epochs": 1}, views=1, **training)
    notices = of_kind(run_job(job, registry, folder), Notice)
    return [notice for notice in notices if "not square" in notice.text]


def test_turned_and_squashed_images_that_are_not_square_are_warned_of_once(registry, tmp_path):
    root = _folder(tmp_path / "images", (40, 30), (30, 40), (32, 32))
    (said,) = _said(root, registry, tmp_path / "run", **TURNED)
    assert said.level == "warning"
    assert "fit=crop" in said.text
    assert "fit=pad" in said.text


@pytest.mark.parametrize(
    "training",
    [
        {**TURNED, "fit": "pad"},
        {**TURNED, "fit": "crop"},
        {**TURNED, "domain": "photographs"},
        {**TURNED, "augmentation": "none"},
    ],
)
def test_nothing_is_said_where_nothing_is_turned_or_distorted(training, registry, tmp_path):
    root = _folder(tmp_path / "images", (40, 30))
    assert _said(root, registry, tmp_path / "run", **training) == []


@pytest.mark.parametrize("sizes", [[(32, 32), (40, 30), (32, 31)], [(40, 38)]])
def test_nothing_is_said_where_most_images_are_about_square(sizes, registry, tmp_path):
    root = _folder(tmp_path / "images", *sizes)
    assert _said(root, registry, tmp_path / "run", **TURNED) == []
