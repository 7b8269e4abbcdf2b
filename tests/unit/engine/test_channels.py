from __future__ import annotations

import pytest
import torch
from torch import nn

from graftwork.engine.channels import adapt_input_channels
from graftwork.engine.errors import TrainingError
from support.tiny import build_tiny


def test_three_channels_leave_the_backbone_as_it_is():
    stages = build_tiny(None)
    before = stages[0][0].weight
    adapt_input_channels(stages, 3)
    assert stages[0][0].weight is before


def test_a_grey_image_gives_what_its_copy_in_three_channels_gave():
    grey = torch.rand(2, 1, 32, 32)
    colour, adapted = build_tiny(None).eval(), build_tiny(None).eval()
    adapt_input_channels(adapted, 1)
    assert torch.allclose(adapted(grey), colour(grey.expand(-1, 3, -1, -1)), atol=1e-6)


@pytest.mark.parametrize("channels", [2, 4, 5, 6, 13])
def test_more_channels_repeat_the_filters_and_keep_the_size_of_the_answer(channels):
    stages = build_tiny(None).eval()
    before = stages[0][0].weight.detach().clone()
    adapt_input_channels(stages, channels)
    after = stages[0][0].weight
    assert stages(torch.rand(2, channels, 32, 32)).shape == (2, 16)
    assert torch.allclose(after[:, channels - 1], before[:, (channels - 1) % 3] * 3 / channels)


@pytest.mark.parametrize("channels", [1, 5])
def test_a_backbone_without_a_convolution_is_refused_unless_it_takes_what_it_has(channels):
    stages = nn.Sequential(nn.Flatten(), nn.Linear(3072, 4))
    adapt_input_channels(stages, 3)
    with pytest.raises(TrainingError, match="no convolution"):
        adapt_input_channels(stages, channels)


def test_the_adapted_filters_can_learn():
    stages = build_tiny(None)
    adapt_input_channels(stages, 5)
    stages(torch.rand(2, 5, 32, 32)).sum().backward()
    assert stages[0][0].weight.grad.shape == (8, 5, 3, 3)
