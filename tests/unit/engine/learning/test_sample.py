from __future__ import annotations

import numpy as np
import psutil
import pytest
import torch

from graftwork.data.input_spec import IntensityRange, input_spec
from graftwork.engine.errors import TrainingError
from graftwork.engine.inputs import PixelSamples
from graftwork.engine.learning.sample import (
    SAMPLE_FILE,
    JoinedSamples,
    StoredSample,
    keep_sample,
    read_sample,
)
from support.tiny import TINY

SPEC = input_spec(TINY.preprocessing, fit="squash", channels=3)
CLASSES = ("ant", "bee", "cat")


def _samples(images=30, seed=0):
    pixels = np.random.default_rng(seed).integers(0, 255, (images, 8, 8, 3), dtype=np.uint8)
    labels = torch.arange(images) % 3
    return PixelSamples(pixels=pixels, rows=np.arange(images), labels=labels)


def _keep(folder, samples=None, per_class=4, seed=0):
    keep_sample(
        samples or _samples(), folder, classes=CLASSES, spec=SPEC, per_class=per_class, seed=seed
    )


def _place(samples, pixels):
    """Where in the samples this image is."""
    whole = samples.batch(torch.arange(len(samples.labels)))
    (found,) = (whole == pixels).flatten(1).all(1).nonzero().flatten().tolist()
    return found


def test_what_is_kept_are_training_images_with_their_labels(tmp_path):
    samples = _samples()
    _keep(tmp_path, samples)
    sample = read_sample(tmp_path, classes=CLASSES, spec=SPEC)
    assert torch.bincount(sample.labels).tolist() == [4, 4, 4]
    assert sample.left_out == ()
    kept = sample.batch(torch.arange(12))
    assert kept.dtype == torch.uint8
    places = [_place(samples, image) for image in kept]
    assert len(set(places)) == 12
    assert torch.equal(samples.labels[places], sample.labels)


def test_a_large_sample_stays_on_the_disk_until_it_is_asked_for(tmp_path):
    images = PixelSamples(
        pixels=np.zeros((1000, 224, 224, 3), np.uint8),
        rows=np.arange(1000),
        labels=torch.arange(1000) % 3,
    )
    _keep(tmp_path, images, per_class=1000)
    process = psutil.Process()
    before = process.memory_info().rss
    sample = read_sample(tmp_path, classes=("bee", "cat"), spec=SPEC)
    few = sample.of_each_class(2, seed=0)
    assert few.batch(torch.arange(4)).shape == (4, 3, 224, 224)
    assert sample.left_out == ("ant",)
    assert process.memory_info().rss - before < images.pixels.nbytes / 4


def test_the_same_seed_keeps_the_same_bytes(tmp_path):
    contents = []
    for number, seed in enumerate((0, 0, 1)):
        folder = tmp_path / str(number)
        folder.mkdir()
        _keep(folder, seed=seed)
        contents.append((folder / SAMPLE_FILE).read_bytes())
    assert contents[0] == contents[1] != contents[2]


def test_classes_are_found_by_name_and_those_that_are_gone_are_said(tmp_path):
    _keep(tmp_path)
    sample = read_sample(tmp_path, classes=("cat", "dog", "ant"), spec=SPEC)
    assert torch.bincount(sample.labels, minlength=3).tolist() == [4, 0, 4]
    assert sample.left_out == ("bee",)
    before = read_sample(tmp_path, classes=CLASSES, spec=SPEC)
    cats = before.batch((before.labels == 2).nonzero().flatten())
    assert torch.equal(sample.batch((sample.labels == 0).nonzero().flatten()), cats)


def test_a_part_of_each_class_can_be_taken(tmp_path):
    _keep(tmp_path)
    sample = read_sample(tmp_path, classes=CLASSES, spec=SPEC)
    part = sample.of_each_class(2, seed=1)
    assert torch.bincount(part.labels).tolist() == [2, 2, 2]
    assert torch.equal(part.pixels, sample.of_each_class(2, seed=1).pixels)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"size": 64}, "size was 32 and is 64"),
        ({"fit": "pad"}, "fit was squash and is pad"),
        ({"intensity": IntensityRange(low=0, high=9)}, "intensity was None"),
    ],
)
def test_images_prepared_for_another_input_are_refused(tmp_path, change, said):
    _keep(tmp_path)
    with pytest.raises(TrainingError, match=said):
        read_sample(tmp_path, classes=CLASSES, spec=SPEC.model_copy(update=change))


def test_a_run_without_a_sample_says_what_would_have_kept_one(tmp_path):
    with pytest.raises(TrainingError, match="keep_sample"):
        read_sample(tmp_path, classes=CLASSES, spec=SPEC)


def test_no_class_in_common_is_refused(tmp_path):
    _keep(tmp_path)
    with pytest.raises(TrainingError, match="ant"):
        read_sample(tmp_path, classes=("x",), spec=SPEC)


@pytest.mark.parametrize("damage", [slice(50), slice(0), slice(100, None)])
def test_a_damaged_file_is_named(tmp_path, damage):
    _keep(tmp_path)
    file = tmp_path / SAMPLE_FILE
    file.write_bytes(file.read_bytes()[damage])
    with pytest.raises(TrainingError, match="damaged"):
        read_sample(tmp_path, classes=CLASSES, spec=SPEC)


def test_a_disk_that_takes_nothing_is_named(tmp_path):
    with pytest.raises(TrainingError, match="cannot be written"):
        _keep(tmp_path / "missing")


def test_joined_samples_give_what_each_gives_at_places_in_any_order():
    first, second = _samples(10, seed=1), _samples(7, seed=2)
    joined = JoinedSamples([first, second])
    assert torch.equal(joined.labels, torch.cat([first.labels, second.labels]))
    whole = torch.cat([first.batch(torch.arange(10)), second.batch(torch.arange(7))])
    for places in ([16, 0, 10, 9, 3], [2, 1], [12, 11]):
        batch = joined.batch(torch.tensor(places))
        assert torch.equal(batch, whole[places])
        assert batch.is_contiguous(memory_format=torch.channels_last)


def test_new_images_and_a_stored_sample_join(tmp_path):
    _keep(tmp_path, per_class=1)
    sample = read_sample(tmp_path, classes=CLASSES, spec=SPEC)
    assert isinstance(sample, StoredSample)
    joined = JoinedSamples([_samples(6), sample])
    assert torch.equal(joined.batch(torch.tensor([6])), sample.batch(torch.tensor([0])))


def test_another_range_of_deep_images_is_no_other_input(tmp_path):
    deep = SPEC.model_copy(update={"intensity": IntensityRange(low=0, high=9)})
    wider = SPEC.model_copy(update={"intensity": IntensityRange(low=0, high=99)})
    keep_sample(_samples(), tmp_path, classes=CLASSES, spec=deep, per_class=4, seed=0)
    assert len(read_sample(tmp_path, classes=CLASSES, spec=wider).labels)
