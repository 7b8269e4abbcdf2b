"""EfficientNet-Lite with its real weights on real photographs."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from sklearn.datasets import load_sample_image
from torch import Tensor, nn
from torchvision.transforms import InterpolationMode, v2

from graftwork.plugin_api import Backbone, PackagedWeights
from graftwork_backbones.efficientnet_lite import EFFICIENTNET_LITE
from graftwork_backbones.efficientnet_lite_network import StochasticDepth

PALACE, DAISY = 698, 985
PUBLISHED_SIZES = (224, 240, 260)
PUBLISHED_PARAMETERS = (4_652_008, 5_416_680, 6_092_072)
by_name = pytest.mark.parametrize("lite", EFFICIENTNET_LITE, ids=lambda lite: lite.name)


def file_of(lite: Backbone) -> Path:
    assert isinstance(lite.weights, PackagedWeights)
    return lite.weights.locate()


def photograph(name: str, lite: Backbone) -> Tensor:
    """One of scikit-learn's photographs as this network was trained to see it."""
    wanted = lite.preprocessing
    see = v2.Compose(
        [
            v2.ToImage(),
            v2.Resize(round(wanted.size / wanted.crop_fraction), InterpolationMode.BICUBIC),
            v2.CenterCrop(wanted.size),
            v2.ToDtype(torch.float32, scale=True),
            v2.Normalize(wanted.mean, wanted.std),
        ]
    )
    image: Tensor = see(load_sample_image(name).copy())
    return image[None]


def imagenet_classifier(lite: Backbone) -> nn.Sequential:
    """The backbone with the classifier that its weights file holds too."""
    state = torch.load(file_of(lite), weights_only=True)
    classifier = nn.Linear(lite.features, 1000)
    classifier.load_state_dict({"weight": state["_fc.weight"], "bias": state["_fc.bias"]})
    return nn.Sequential(lite.build(file_of(lite)), classifier).eval()


@by_name
def test_the_palace_is_a_palace(lite: Backbone) -> None:
    with torch.inference_mode():
        scores = imagenet_classifier(lite)(photograph("china.jpg", lite))
    assert int(scores.argmax()) == PALACE


def test_the_flower_is_a_daisy() -> None:
    """For Lite0; the photograph shows a dahlia, which ImageNet lacks and the others mistake."""
    lite = EFFICIENTNET_LITE[0]
    with torch.inference_mode():
        scores = imagenet_classifier(lite)(photograph("flower.jpg", lite))
    assert int(scores.argmax()) == DAISY


@pytest.mark.parametrize(
    ("lite", "size", "parameters"),
    list(zip(EFFICIENTNET_LITE, PUBLISHED_SIZES, PUBLISHED_PARAMETERS, strict=True)),
    ids=lambda value: getattr(value, "name", str(value)),
)
def test_sizes_are_the_published_ones(lite: Backbone, size: int, parameters: int) -> None:
    stages = lite.build(None)
    assert lite.preprocessing.size == size
    assert lite.parameters == sum(p.numel() for p in stages.parameters())
    assert lite.parameters + 1000 * (lite.features + 1) == parameters
    assert [name for name, _ in stages.named_children()] == [
        *("stem", "stage1", "stage2", "stage3", "stage4", "stage5", "stage6", "stage7"),
        *("top", "pool"),
    ]


@pytest.mark.parametrize("side", [64, 65, 79, 97, 130])
def test_the_padding_is_tensorflows(side: int) -> None:
    """Sides of maps are halved rounding up, and an odd rest of padding is at the far edges."""
    stem = EFFICIENTNET_LITE[0].build(None).eval().get_submodule("stem")
    images = torch.randn(1, 3, side, side)
    near, far = (0, 1) if side % 2 == 0 else (1, 1)
    padded = nn.functional.pad(images, (near, far, near, far))
    weight = stem.get_parameter("conv.weight")
    expected = nn.functional.conv2d(padded, weight, stride=2)
    actual = stem.get_submodule("conv")(images)
    assert actual.shape[-1] == -(-side // 2)
    assert torch.equal(actual, expected)


def test_weights_of_another_network_are_refused(tmp_path: Path) -> None:
    file = tmp_path / "other.pth"
    torch.save({"layer1.0.conv1.weight": torch.zeros(1)}, file)
    with pytest.raises(ValueError, match="not an EfficientNet-Lite"):
        EFFICIENTNET_LITE[0].build(file)
    with pytest.raises(RuntimeError, match=r"size mismatch|Missing key"):
        EFFICIENTNET_LITE[1].build(file_of(EFFICIENTNET_LITE[0]))


def skipping(stages: nn.Sequential) -> list[StochasticDepth]:
    return [module for module in stages.modules() if isinstance(module, StochasticDepth)]


def test_blocks_can_be_skipped_but_are_not_unless_a_rate_is_set() -> None:
    torch.manual_seed(0)
    stages = EFFICIENTNET_LITE[0].build(None)
    blocks = skipping(stages)
    assert len(blocks) == 9  # of 16: the others change the size of what they are given
    assert all(block.p == 0.0 for block in blocks)
    block, images = stages.get_submodule("stage2.1"), torch.randn(64, 24, 8, 8)
    assert torch.equal(block.eval()(images), block.layers(images) + images)
    assert torch.equal(block.train()(images), block.layers(images) + images)
    blocks[0].p = 0.5
    result = block(images)
    skipped = (result == images).flatten(1).all(1)
    assert 10 < int(skipped.sum()) < 54
    expected = 2 * block.layers(images) + images
    assert torch.allclose(result[~skipped], expected[~skipped], atol=1e-5)


def test_skipping_adds_nothing_to_the_weights() -> None:
    state = EFFICIENTNET_LITE[0].build(None).state_dict()
    assert not [name for name in state if "skipping" in name]
