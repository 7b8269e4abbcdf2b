from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy.stats import kstest

from graftwork.engine.loss.mixing import build_mixing
from graftwork.engine.training_settings import AugmentationSettings

LABELS = torch.tensor([0, 1, 2, 2, 1])


def _mixing(**settings):
    mixing = build_mixing(AugmentationSettings(**settings), 3)
    assert mixing is not None
    return mixing


def _images(dtype=torch.uint8, size=(16, 12)):
    random = torch.Generator().manual_seed(0)
    pixels = torch.randint(0, 256, (5, 3, *size), dtype=torch.uint8, generator=random)
    return pixels.to(dtype).contiguous(memory_format=torch.channels_last)


def _parts(targets):
    """The part of its own label that each row of soft targets has where its neighbour differs."""
    return torch.stack([targets[i, LABELS[i]] for i in (0, 1, 2, 4)])


def _span(marked):
    """From the first to the last that is marked; nothing if none is."""
    places = marked.nonzero()[:, 0].tolist()
    return slice(places[0], places[-1] + 1) if places else slice(0)


def test_none_is_built_where_none_is_wanted():
    assert build_mixing(AugmentationSettings(), 3) is None


@pytest.mark.parametrize("shape", [(5, 3, 8, 8), (5, 7, 4), (5, 9)])
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_mixup_blends_each_input_with_the_one_before_in_the_part_of_its_target(shape, dtype):
    inputs = torch.rand(shape, generator=torch.Generator().manual_seed(0)).to(dtype)
    mixed, targets = _mixing(mixup=0.4)(inputs, LABELS, 7)
    part = float(_parts(targets)[0])
    assert 0 < part < 1
    assert _parts(targets).tolist() == pytest.approx(4 * [part])
    blended = part * inputs.float() + (1 - part) * inputs.float().roll(1, 0)
    assert mixed.dtype == dtype
    assert torch.allclose(mixed.float(), blended, atol=1e-6 if dtype == torch.float32 else 0.01)


def test_mixup_of_whole_numbers_is_in_real_ones_and_the_images_stay_as_they_were():
    pixels = _images()
    before = pixels.clone()
    mixed, targets = _mixing(mixup=1.0)(pixels, LABELS, 3)
    part = float(_parts(targets)[0])
    assert mixed.dtype == torch.float32
    assert torch.allclose(mixed, part * pixels + (1 - part) * pixels.roll(1, 0), atol=1e-3)
    assert torch.equal(pixels, before)


@pytest.mark.parametrize("dtype", [torch.uint8, torch.float32])
def test_cutmix_takes_a_rectangle_of_the_area_that_the_target_says(dtype):
    images = _images(dtype)
    for seed in range(30):
        mixed, targets = _mixing(cutmix=1.0)(images, LABELS, seed)
        foreign = (mixed != images).any(dim=1).any(dim=0)
        rows, columns = _span(foreign.any(1)), _span(foreign.any(0))
        box = (..., rows, columns)
        assert mixed.dtype == dtype
        assert torch.equal(mixed[box], images.roll(1, 0)[box])
        part = 1 - foreign[rows, columns].numel() / foreign.numel()
        assert _parts(targets).tolist() == pytest.approx(4 * [part])


def test_cutmix_takes_as_much_as_was_drawn_but_for_what_lies_outside():
    """Of a part u each side is sqrt(u), s - s^2 / 4 of it inside: u - u^1.5 / 2 + u^2 / 16."""
    images = torch.rand(5, 1, 64, 64, generator=torch.Generator().manual_seed(0))
    mixing = _mixing(cutmix=1.0)
    taken = [1 - float(_parts(mixing(images, LABELS, seed)[1])[0]) for seed in range(400)]
    assert np.mean(taken) == pytest.approx(1 / 2 - 1 / 5 + 1 / 48, abs=0.04)


def test_cutmix_cuts_activations_and_blends_what_is_no_picture():
    cut, _ = _mixing(cutmix=1.0)(torch.rand(5, 4, 7, 7), LABELS, 1)
    assert cut.shape == (5, 4, 7, 7)
    features = torch.rand(5, 9)
    blended = _mixing(mixup=1.0)(features, LABELS, 1)
    assert all(map(torch.equal, _mixing(cutmix=1.0)(features, LABELS, 1), blended))


@pytest.mark.parametrize("settings", [{"mixup": 0.2}, {"cutmix": 1.0}, {"mixup": 1, "cutmix": 1}])
def test_the_seed_decides_and_nothing_else_is_touched(settings):
    mixing, pixels = _mixing(**settings), _images()
    torch.manual_seed(1)
    np.random.seed(1)
    states = torch.get_rng_state(), np.random.get_state()[1].tolist()
    first, again, other = (mixing(pixels, LABELS, seed) for seed in (4, 4, 5))
    assert torch.equal(torch.get_rng_state(), states[0])
    assert np.random.get_state()[1].tolist() == states[1]
    assert torch.equal(first[0], again[0])
    assert torch.equal(first[1], again[1])
    assert not torch.equal(first[1], other[1])


@pytest.mark.parametrize("settings", [{"mixup": 1.0}, {"cutmix": 1.0}])
def test_targets_are_parts_of_one_and_memory_stays_in_order(settings):
    for seed in range(20):
        mixed, targets = _mixing(**settings)(_images(), LABELS, seed)
        assert torch.allclose(targets.sum(1), torch.ones(5))
        assert (targets >= 0).all()
        assert targets[3].tolist() == [0, 0, 1]
        assert mixed.is_contiguous(memory_format=torch.channels_last)


def test_parts_follow_the_beta_distribution():
    features = torch.zeros(5, 1)
    drawn = [float(_mixing(mixup=0.4)(features, LABELS, seed)[1][0, 0]) for seed in range(500)]
    assert kstest(drawn, "beta", args=(0.4, 0.4)).pvalue > 0.001


def test_of_both_each_comes_up_about_half_the_time():
    mixing = _mixing(mixup=0.2, cutmix=1.0)
    blended = sum(mixing(_images(), LABELS, seed)[0].dtype == torch.float32 for seed in range(200))
    assert 65 < blended < 135


def test_a_batch_of_one_is_mixed_with_itself():
    mixed, targets = _mixing(mixup=1.0)(torch.ones(1, 4), torch.tensor([1]), 2)
    assert torch.equal(mixed, torch.ones(1, 4))
    assert targets.tolist() == [[0, 1, 0]]
