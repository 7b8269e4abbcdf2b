"""Torchvision's networks in stages are the same networks, and their facts are torchvision's."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor, nn
from torchvision.models import VisionTransformer, get_model, get_model_weights

from graftwork.plugin_api import Backbone, DownloadedWeights, GraftworkError
from graftwork_backbones.torchvision_backbones import TORCHVISION
from graftwork_backbones.torchvision_stages import resize_patches, split

by_name = pytest.mark.parametrize("backbone", TORCHVISION, ids=lambda backbone: backbone.name)

CLASSIFIERS: dict[str, Callable[[nn.Module], nn.Module]] = {
    "fc": lambda net: net.get_submodule("fc"),
    "heads": lambda net: net.get_submodule("heads"),
    "head": lambda net: net.get_submodule("head"),
    "classifier": lambda net: last_linear(net.get_submodule("classifier")),
}


def last_linear(classifier: nn.Module) -> nn.Module:
    return [module for module in classifier.modules() if isinstance(module, nn.Linear)][-1]


def classifier_of(network: nn.Module) -> nn.Module:
    name = next(name for name in CLASSIFIERS if hasattr(network, name))
    return CLASSIFIERS[name](network)


def lively(name: str) -> nn.Module:
    """The unsplit network with random weights, biases and statistics, none of them zero or one."""
    torch.manual_seed(0)
    network: nn.Module = get_model(name.replace("-", "_"), weights=None)
    with torch.no_grad():
        for tensor_name, tensor in network.state_dict().items():
            if tensor.is_floating_point():
                enliven(tensor_name, tensor)
    return network.eval()


def enliven(name: str, tensor: Tensor) -> None:
    if name.endswith("running_var"):
        tensor.uniform_(0.5, 1.5)
    elif tensor.ndim == 1 and name.endswith("weight"):
        tensor.uniform_(0.7, 1.3)
    elif tensor.ndim == 1 or not tensor.any():
        tensor.normal_(0, 0.1)


def images_for(backbone: Backbone) -> Tensor:
    """As small as the network takes them: the transformer with fixed positions is the exception."""
    side = backbone.preprocessing.size if backbone.name.startswith("vit") else 64
    return torch.randn(2, 3, side, side)


@by_name
def test_stages_and_classifier_are_the_unsplit_network(backbone: Backbone, tmp_path: Path) -> None:
    network = lively(backbone.name)
    file = tmp_path / "weights.pth"
    torch.save(network.state_dict(), file)
    stages = backbone.build(file).eval()
    images = images_for(backbone)
    with torch.inference_mode():
        features = run_stages(stages, images)
        scores = classifier_of(network)(features)
        expected = network(images)
    assert features.shape == (2, backbone.features)
    assert float(expected.std()) > 1e-3
    assert torch.equal(scores, expected)


def run_stages(stages: nn.Sequential, images: Tensor) -> Tensor:
    """The features; no stage may change what it is given, since that is what gets cached."""
    for stage in stages:
        given = images.clone()
        result: Tensor = stage(images)
        assert torch.equal(images, given)
        images = result
    return images


@by_name
def test_facts_are_torchvisions(backbone: Backbone) -> None:
    published = get_model_weights(backbone.name.replace("-", "_"))["IMAGENET1K_V1"]
    transforms = published.transforms()
    wanted, weights = backbone.preprocessing, backbone.weights
    assert isinstance(weights, DownloadedWeights)
    assert weights.url == published.url
    assert weights.sha256[:8] == re.fullmatch(r".*-([0-9a-f]{8})\.pth", published.url)[1]  # type: ignore[index]
    assert re.fullmatch(r"[0-9a-f]{8}|[0-9a-f]{64}", weights.sha256)
    assert weights.size == round(published.meta["_file_size"] * 2**20)
    assert [wanted.size] == transforms.crop_size
    assert wanted.crop_fraction == wanted.size / transforms.resize_size[0]
    assert wanted.interpolation == transforms.interpolation.value
    assert list(wanted.mean) == transforms.mean
    assert list(wanted.std) == transforms.std
    assert backbone.parameters + 1000 * (backbone.features + 1) == published.meta["num_params"]


@by_name
def test_parameters_are_counted(backbone: Backbone) -> None:
    stages = backbone.build(None)
    assert sum(p.numel() for p in stages.parameters()) == backbone.parameters


def test_the_old_names_in_densenets_published_file_are_understood(tmp_path: Path) -> None:
    """The published file says "norm.1" where torchvision's modules are called "norm1"."""
    densenet = next(backbone for backbone in TORCHVISION if backbone.name == "densenet121")
    network = lively(densenet.name)
    old = {
        re.sub(r"(denselayer\d+\.(?:norm|conv))([12])", r"\1.\2", name): tensor
        for name, tensor in network.state_dict().items()
    }
    assert "features.denseblock1.denselayer1.norm.1.weight" in old
    torch.save(old, tmp_path / "old.pth")
    torch.save(network.state_dict(), tmp_path / "new.pth")
    images = images_for(densenet)
    with torch.inference_mode():
        from_old, from_new = (
            densenet.build(tmp_path / name).eval()(images) for name in ("old.pth", "new.pth")
        )
    assert torch.equal(from_old, from_new)


def small_vit(positions: Tensor | None = None) -> nn.Sequential:
    """A ViT of one block for 224 pixels, in stages."""
    network = VisionTransformer(
        image_size=224, patch_size=16, num_layers=1, num_heads=2, hidden_dim=24, mlp_dim=32
    )
    if positions is not None:
        network.encoder.pos_embedding = nn.Parameter(positions)
    return split("vit_small", network).eval()


def as_pillow_does(positions: np.ndarray, side: int) -> np.ndarray:
    """The grid of positions (14 * 14, C) spread over (side * side, C), channel by channel."""
    maps = positions.reshape(14, 14, -1)
    spread = [
        np.asarray(Image.fromarray(maps[..., c]).resize((side, side), Image.Resampling.BICUBIC))
        for c in range(maps.shape[2])
    ]
    return np.stack(spread, axis=-1).reshape(side * side, -1)


@pytest.mark.parametrize("size", [64, 288])
def test_positions_are_interpolated_for_another_size(size: int) -> None:
    before = torch.randn(1, 197, 24)
    stages = small_vit(before)
    resize_patches(stages, size)
    after = stages.get_parameter("stem.pos_embedding").detach()
    assert torch.equal(after[:, 0], before[:, 0])  # of the class token
    assert np.allclose(after[0, 1:], as_pillow_does(before[0, 1:].numpy(), size // 16), atol=1e-5)
    with torch.inference_mode():
        assert stages(torch.randn(1, 3, size, size)).shape == (1, 24)


def test_a_resized_network_loads_what_was_saved_of_one() -> None:
    trained, again = small_vit(), small_vit()
    resize_patches(trained, 64)
    resize_patches(again, 64)
    again.load_state_dict(trained.state_dict())
    images = torch.randn(1, 3, 64, 64)
    with torch.inference_mode():
        assert torch.equal(again(images), trained(images))


def test_a_size_that_patches_do_not_fill_is_refused() -> None:
    with pytest.raises(GraftworkError, match=r"patches of 16 .* 100 .* such as 96 or 112"):
        resize_patches(small_vit(), 100)


def test_only_the_transformer_with_fixed_positions_must_be_resized() -> None:
    assert [b.name for b in TORCHVISION if b.resize is not None] == ["vit-b-16"]
