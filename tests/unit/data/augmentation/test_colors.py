"""Brightness, contrast and saturation, against torchvision's three functions."""

from __future__ import annotations

import numpy as np
import torch
from torchvision.transforms.v2 import functional

from graftwork.data.augmentation.colors import ColorFactors, drawn_factors, mean_greys, recolor
from graftwork.data.augmentation.policy import Drawn, Operation
from graftwork.data.augmentation.recipe import DOMAINS, LEVELS, Recipe
from graftwork.data.augmentation.seeds import Draws


def middling(channels):
    """Pixels of middling levels, which no change below brings out of 0..255."""
    generator = torch.Generator().manual_seed(0)
    return torch.randint(90, 150, (4, channels, 16, 16), generator=generator).float()


def factors(brightness, contrast, saturation):
    return ColorFactors(
        brightness=np.array(brightness),
        contrast=np.array(contrast),
        saturation=np.array(saturation),
    )


def test_the_one_step_is_torchvisions_three():
    pixels, chosen = middling(3), factors([0.8, 1, 1, 1.2], [1, 0.7, 1, 1.3], [1, 1, 0.4, 1.6])
    changed = pixels.clone()
    recolor(changed, chosen, mean_greys(pixels))
    for number, image in enumerate(pixels / 255):
        expected = functional.adjust_brightness(image, chosen.brightness[number])
        expected = functional.adjust_contrast(expected, chosen.contrast[number])
        expected = functional.adjust_saturation(expected, chosen.saturation[number])
        torch.testing.assert_close(changed[number], 255 * expected, atol=0.1, rtol=0)


def test_grey_images_have_no_saturation():
    pixels = middling(1)
    changed = pixels.clone()
    recolor(changed, factors([1] * 4, [1] * 4, [0, 0.5, 1, 2]), mean_greys(pixels))
    torch.testing.assert_close(changed, pixels, atol=1e-3, rtol=0)


def test_no_value_leaves_its_range():
    pixels = middling(3)
    recolor(pixels, factors([2.5] * 4, [3] * 4, [2] * 4), torch.zeros(4))
    assert pixels.max() == 255
    assert pixels.min() >= 0


def test_the_mean_grey_is_exact_in_large_images():
    """A float32 sum of so many large numbers would be off."""
    pixels = torch.full((1, 1, 1024, 1024), 255.0)
    pixels[0, 0, 0, :512] = 254
    exact = np.float32(255 - 512 / 1024**2)
    assert mean_greys(pixels).item() == exact
    assert mean_greys(pixels.contiguous(memory_format=torch.channels_last)).item() == exact


def test_the_level_and_the_policy_multiply():
    recipe = Recipe(level=LEVELS["light"], rules=DOMAINS["documents"])
    draws = Draws([5, 6])
    brighter = Drawn(
        operation=np.array([Operation.BRIGHTNESS, Operation.CONTRAST]), amount=np.array([1.5, 0.5])
    )
    plain, changed = drawn_factors(recipe, draws, []), drawn_factors(recipe, draws, [brighter])
    assert (changed.brightness / plain.brightness).tolist() == [1.5, 1]
    assert (changed.contrast / plain.contrast).tolist() == [1, 0.5]
    assert (changed.saturation / plain.saturation).tolist() == [1, 1]
    assert (np.abs(plain.brightness - 1) <= 0.2).all()


def test_each_color_rises_and_falls_by_a_fifth_whatever_the_others_do():
    recipe = Recipe(level=LEVELS["light"], rules=DOMAINS["documents"])
    drawn = drawn_factors(recipe, Draws(range(2000)), [])
    together = np.array([drawn.brightness, drawn.contrast, drawn.saturation])
    assert (together.min(1) < 0.81).all()
    assert (together.max(1) > 1.19).all()
    assert np.abs(together.mean(1) - 1).max() < 0.01
    assert np.abs(np.corrcoef(together) - np.eye(3)).max() < 0.1
