from __future__ import annotations

from typing import get_args

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from graftwork.engine.channels import adapt_input_channels
from graftwork.engine.errors import TrainingError
from graftwork.engine.training_settings import FirstLayer
from support.tiny import build_tiny

RULES = get_args(FirstLayer)


def filters(channels: int, rule: FirstLayer = "auto", seed: int = 0) -> np.ndarray:
    """The first layer (8, channels, 3, 3) after it was adapted."""
    stages = build_tiny(None)
    adapt_input_channels(stages, channels, rule, seed)
    return stages[0][0].weight.detach().numpy()


def rgb() -> np.ndarray:
    return build_tiny(None)[0][0].weight.detach().numpy()


@pytest.mark.parametrize("rule", ["auto", "replicated"])
def test_three_channels_leave_the_backbone_as_it_is(rule: FirstLayer) -> None:
    stages = build_tiny(None)
    before = stages[0][0].weight
    adapt_input_channels(stages, 3, rule)
    assert stages[0][0].weight is before


@pytest.mark.parametrize("channels", [1, 3, 4, 7])
def test_summed_answers_to_equal_channels_as_to_a_grey_image(channels: int) -> None:
    grey = torch.rand(2, 1, 32, 32)
    color, adapted = build_tiny(None).eval(), build_tiny(None).eval()
    adapt_input_channels(adapted, channels, "summed")
    assert torch.allclose(
        adapted(grey.expand(-1, channels, -1, -1)), color(grey.expand(-1, 3, -1, -1)), atol=1e-6
    )
    assert np.allclose(filters(channels, "summed")[:, -1], rgb().sum(1) / channels)


@pytest.mark.parametrize("channels", [1, 3, 4])
def test_averaged_gives_every_channel_the_weight_of_one(channels: int) -> None:
    wanted = np.stack([(rgb()[:, 0] + rgb()[:, 1] + rgb()[:, 2]) / 3] * channels, axis=1)
    assert np.allclose(filters(channels, "averaged"), wanted)


@pytest.mark.parametrize("channels", [1, 2, 4, 5, 6, 13])
def test_replicated_repeats_the_filters_and_keeps_the_size_of_the_answer(channels: int) -> None:
    wanted = [rgb()[:, channel % 3] * 3 / channels for channel in range(channels)]
    assert np.allclose(filters(channels, "replicated"), np.stack(wanted, axis=1))


def test_auto_sums_for_one_channel_and_replicates_for_more() -> None:
    assert np.array_equal(filters(1), filters(1, "summed"))
    assert np.array_equal(filters(5), filters(5, "replicated"))


@pytest.mark.parametrize("channels", [3, 12])
def test_new_filters_have_the_spread_that_keeps_the_size_of_answers(channels: int) -> None:
    """Of unlike channels: the variances of N channels add up to those of three."""
    wide = nn.Sequential(nn.Conv2d(3, 64, 7))
    before = wide[0].weight.detach().clone()
    adapt_input_channels(wide, channels, "new", seed=3)
    after = wide[0].weight.detach()
    assert float(after.std()) == pytest.approx(float(before.std()) * (3 / channels) ** 0.5, rel=0.1)
    assert float(after.mean()) == pytest.approx(0, abs=0.01)
    assert not wide[0].bias.any()


def test_new_filters_are_a_matter_of_the_seed() -> None:
    assert np.array_equal(filters(4, "new", seed=1), filters(4, "new", seed=1))
    assert not np.array_equal(filters(4, "new", seed=1), filters(4, "new", seed=2))


def test_new_filters_leave_the_common_random_state_alone() -> None:
    before = torch.get_rng_state()
    filters(4, "new")
    assert torch.equal(torch.get_rng_state(), before)


@pytest.mark.parametrize(
    "first",
    [
        nn.Sequential(nn.Flatten(), nn.Linear(3072, 4)),
        nn.Sequential(nn.PixelUnshuffle(4), nn.Conv2d(48, 8, 3)),
        nn.Sequential(nn.Conv2d(3, 6, 3, groups=3)),
    ],
    ids=["none", "behind something else", "in groups"],
)
def test_a_backbone_without_a_first_convolution_takes_only_what_it_has(first: nn.Module) -> None:
    adapt_input_channels(first, 3)
    with pytest.raises(TrainingError, match="no convolution that sees the image"):
        adapt_input_channels(first, 5)


@pytest.mark.parametrize("rule", RULES)
def test_the_adapted_filters_can_learn(rule: FirstLayer) -> None:
    stages = build_tiny(None)
    adapt_input_channels(stages, 5, rule)
    answers: Tensor = stages(torch.rand(2, 5, 32, 32))
    answers.sum().backward()
    assert stages[0][0].weight.grad.shape == (8, 5, 3, 3)
