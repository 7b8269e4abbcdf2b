from __future__ import annotations

import pytest

from graftwork.data.input_spec import IntensityRange, input_spec
from graftwork.plugin_api import Preprocessing

IMAGENET = Preprocessing(
    size=224,
    crop_fraction=0.875,
    interpolation="bicubic",
    mean=(0.485, 0.456, 0.406),
    std=(0.229, 0.224, 0.225),
)


def test_three_channels_have_the_statistics_of_red_green_and_blue() -> None:
    spec = input_spec(IMAGENET, fit="pad", channels=3)
    assert (spec.size, spec.crop_fraction, spec.interpolation) == (224, 0.875, "bicubic")
    assert (spec.mean, spec.std) == (IMAGENET.mean, IMAGENET.std)
    assert (spec.fit, spec.intensity) == ("pad", None)


@pytest.mark.parametrize("channels", [1, 2, 4, 13])
def test_any_other_number_of_channels_has_their_average(channels: int) -> None:
    spec = input_spec(IMAGENET, fit="crop", channels=channels)
    assert spec.mean == pytest.approx([(0.485 + 0.456 + 0.406) / 3] * channels)
    assert spec.std == pytest.approx([(0.229 + 0.224 + 0.225) / 3] * channels)


def test_the_users_size_and_range_replace_the_pretrained_ones() -> None:
    range_ = IntensityRange(low=10, high=4000)
    spec = input_spec(IMAGENET, fit="squash", channels=3, size=96, intensity=range_)
    assert (spec.size, spec.intensity) == (96, range_)
