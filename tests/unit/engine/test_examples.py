"""Examples of what a job's augmentation does."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from graftwork.data.input_spec import IntensityRange
from graftwork.engine.data_source import open_data
from graftwork.engine.examples import augmentation_examples
from graftwork.plugin_api import DatasetError
from support.generators import drain
from support.jobs import small_job


@pytest.fixture
def examples_of(registry):
    def made(job, *, images=3, versions=2, **more):
        catalog, decoder = open_data(job.data, registry)
        steps = augmentation_examples(
            job, registry, catalog, decoder, images=images, versions=versions, **more
        )
        return drain(steps)

    return made


def test_each_class_has_its_turn(examples_of, images):
    events, found = examples_of(small_job(images, augmentation="light"), images=5)
    labels = [example.item.label for example in found.shown]
    assert set(labels[:3]) == {"blue", "green", "red"}
    assert len(set(labels[3:])) == 2
    assert [event.done for event in events] == [1, 2, 3, 4, 5]
    assert found.level == "light"


def test_originals_and_versions_are_of_the_networks_size(examples_of, images):
    _, found = examples_of(small_job(images, augmentation="strong", channels=1), versions=4)
    for example in found.shown:
        assert example.original.shape == (32, 32, 1)
        assert example.versions.shape == (4, 32, 32, 1)
        assert example.versions.dtype == np.uint8
        assert all((version != example.original).any() for version in example.versions)


def test_they_repeat_and_again_gives_others(examples_of, images):
    job = small_job(images, augmentation="light")
    (_, first), (_, second), (_, other) = (examples_of(job, again=again) for again in (0, 0, 1))
    for one, two in zip(first.shown, second.shown, strict=True):
        assert one.item == two.item
        assert np.array_equal(one.versions, two.versions)
    assert [e.item for e in first.shown] != [e.item for e in other.shown]


def test_the_strategys_advice_counts_where_nothing_is_chosen(examples_of, images):
    assert examples_of(small_job(images, "from-scratch"))[1].level == "strong"
    _, nothing = examples_of(small_job(images, "feature-extraction"))
    assert nothing.level == "none"
    assert all(len(example.versions) == 0 for example in nothing.shown)


def test_files_that_cannot_be_used_are_passed_over(examples_of, images):
    for file in list(images.rglob("*.png"))[:-2]:
        file.write_bytes(b"no image")
    _, found = examples_of(small_job(images, augmentation="light"))
    assert len(found.shown) == 2


def test_without_any_usable_image_there_is_a_message(examples_of, images):
    for file in images.rglob("*.png"):
        file.write_bytes(b"no image")
    with pytest.raises(DatasetError, match="None of the images"):
        examples_of(small_job(images))


def test_deep_images_are_shown_in_their_range(examples_of, tmp_path):
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        for number in range(3):
            deep = Image.fromarray(np.full((8, 8), 1000, np.uint16))
            deep.save(tmp_path / name / f"{number}.png")
    _, found = examples_of(small_job(tmp_path), intensity=IntensityRange(low=0, high=2000))
    assert np.unique(found.shown[0].original).tolist() == [128]
