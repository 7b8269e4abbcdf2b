"""Timm's networks in stages are the same networks, and their facts are timm's."""

from __future__ import annotations

import copy
from pathlib import Path

import pytest
import timm
import torch
from safetensors.torch import load_file, save_file
from timm.layers import DropPath
from torch import Tensor, nn

import graftwork_backbones
from graftwork.data.decoding import decode
from graftwork.engine.channels import adapt_input_channels
from graftwork.engine.classifier import load_classifier
from graftwork.export.onnx_model import export_onnx
from graftwork.plugin_api import Backbone, DownloadedWeights, GraftworkError, NoWeights
from graftwork.plugin_host import Registry
from graftwork_backbones.timm_backbones import TIMM
from graftwork_backbones.timm_listed import LISTED
from graftwork_backbones.timm_networks import build_stages, headless, resize_stages
from graftwork_backbones.timm_stages import cut
from support.jobs import run_job, small_job

CUT = {
    "test_resnet": ["stem", "stage1", "stage2", "stage3", "stage4", "top"],
    "test_efficientnet": ["stem", "stage1", "stage2", "stage3", "stage4", "stage5", "top"],
    "test_convnext": ["stem", "stage1", "stage2", "stage3", "stage4", "top"],
    "test_byobnet": ["stem", "stage1", "stage2", "stage3", "stage4", "top"],
    "test_nfnet": ["stem", *(f"stage{number}" for number in range(1, 6)), "top"],
    "test_vit": ["stem", *(f"stage{number}" for number in range(1, 7)), "top"],
    "lcnet_035": ["stem", "stage1", "stage2", "stage3", "stage4", "stage5", "top"],
    "mobilenetv3_small_050": ["stem", "stage1", "stage2", "stage3", "stage4", "top"],
    "edgenext_xx_small": ["stem", "stage1", "stage2", "stage3", "stage4", "top"],
    "eva02_tiny_patch14_224": ["stem", *(f"stage{number}" for number in range(1, 13)), "top"],
    "maxvit_pico_rw_256": ["stem", "stage1", "stage2", "stage3", "stage4", "top"],
}
WHOLE = ("ghostnet_050", "crossvit_tiny_240", "efficientvim_m1")
"""They do otherwise while they learn, or pass several values from stage to stage."""


def lively(name: str) -> nn.Module:
    """The whole network with random weights, biases and statistics, none of them zero or one."""
    torch.manual_seed(0)
    network: nn.Module = timm.create_model(name)
    with torch.no_grad():
        for tensor_name, tensor in network.state_dict().items():
            if not tensor.is_floating_point():
                continue
            if tensor_name.endswith("running_var"):
                tensor.uniform_(0.5, 1.5)
            elif tensor.ndim == 1 and tensor_name.endswith("weight"):
                tensor.uniform_(0.7, 1.3)
            elif tensor.ndim == 1 or not tensor.any():
                tensor.normal_(0, 0.1)
    return network.eval()


def size_of(name: str) -> int:
    settings = timm.get_pretrained_cfg(name)
    return settings.input_size[-1] if settings.fixed_input_size else 64


def images_for(name: str, size: int | None = None) -> Tensor:
    side = size or size_of(name)
    return torch.randn(2, 3, side, side)


def features_of(network: nn.Module, images: Tensor) -> Tensor:
    """Of timm's own network, without its classifier."""
    network.reset_classifier(0)  # type: ignore[operator]
    with torch.inference_mode():
        features: Tensor = network.eval()(images)
    return features


def saved(network: nn.Module, file: Path) -> Path:
    save_file({name: value.contiguous() for name, value in network.state_dict().items()}, file)
    return file


@pytest.mark.parametrize("name", [*CUT, *WHOLE])
def test_stages_are_the_uncut_network(name: str, tmp_path: Path) -> None:
    network = lively(name)
    stages = build_stages(name, saved(network, tmp_path / "model.safetensors")).eval()
    images = images_for(name)
    expected = features_of(network, images)
    assert float(expected.std()) > 1e-3
    with torch.inference_mode():
        assert torch.equal(stages(images), expected)
    names = [stage_name for stage_name, _ in stages.named_children()]
    assert names == CUT.get(name, ["body"])


@pytest.mark.parametrize("name", ["test_resnet", "test_convnext", "eva02_tiny_patch14_224"])
def test_no_stage_changes_what_it_is_given(name: str) -> None:
    value = images_for(name)
    with torch.inference_mode():
        for stage in build_stages(name, None).eval():
            given = value.clone()
            result = stage(value)
            assert torch.equal(value, given)
            value = result


@pytest.mark.parametrize("name", ["test_efficientnet", "test_vit"])
def test_learning_can_begin_at_any_stage(name: str) -> None:
    stages = build_stages(name, None)
    stages[:3].requires_grad_(False)
    stages(images_for(name)).square().sum().backward()
    learning = {key.split(".")[0] for key, p in stages.named_parameters() if p.grad is not None}
    assert learning == {key for key, s in list(stages.named_children())[3:] if list(s.parameters())}


@pytest.mark.parametrize("name", ["test_resnet", "eva02_tiny_patch14_224"])
def test_states_survive_files_and_copies(name: str, tmp_path: Path) -> None:
    """Tables that several stages look into are in each of them, and no memory is shared."""
    torch.manual_seed(1)
    stages = build_stages(name, None).eval()
    again = copy.deepcopy(build_stages(name, None)).eval()
    again.load_state_dict(load_file(saved(stages, tmp_path / "stages.safetensors")))
    images = images_for(name)
    with torch.inference_mode():
        assert torch.equal(again(images), stages(images))


def test_a_network_that_uses_weights_twice_is_refused() -> None:
    with pytest.raises(GraftworkError, match="coat_tiny uses the same weights in several places"):
        build_stages("coat_tiny", None)


def test_a_stage_that_writes_into_its_input_keeps_the_network_whole() -> None:
    class Writing(nn.Module):
        def __init__(self, inplace: bool) -> None:
            super().__init__()
            self.one = nn.Conv2d(3, 3, 3, padding=1)
            self.two = nn.Sequential(nn.ReLU(inplace=inplace), nn.Conv2d(3, 3, 3))
            self.feature_info = [{"module": "one"}, {"module": "two"}]

        def forward(self, images: Tensor) -> Tensor:
            return self.two(self.one(images)).mean((2, 3))

    assert len(cut(Writing(inplace=True), 8)) == 1
    assert len(cut(Writing(inplace=False), 8)) == 3


def test_a_weight_in_two_places_keeps_the_network_whole() -> None:
    class Tied(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.one = nn.Conv2d(3, 3, 3, padding=1)
            self.two = nn.Conv2d(3, 3, 3, padding=1)
            self.two.weight = self.one.weight
            self.feature_info = [{"module": "one"}, {"module": "two"}]

        def forward(self, images: Tensor) -> Tensor:
            return self.two(self.one(images).relu()).mean((2, 3))

    tied, apart = Tied(), Tied()
    apart.two.weight = nn.Parameter(apart.one.weight.detach().clone())
    assert len(cut(tied, 8)) == 1
    assert len(cut(apart, 8)) == 3


@pytest.mark.parametrize(
    ("name", "size"),
    [("test_vit", 96), ("eva02_tiny_patch14_224", 112)],
)
def test_a_network_is_fitted_to_another_size_as_timm_does_it(
    name: str, size: int, tmp_path: Path
) -> None:
    file = saved(lively(name), tmp_path / "model.safetensors")
    stages, again = build_stages(name, file), build_stages(name, None)
    resize_stages(name, stages, size)
    resize_stages(name, again, size)
    again.load_state_dict(stages.state_dict())
    source = {"file": str(file)}
    timms = timm.create_model(name, pretrained=True, pretrained_cfg_overlay=source, img_size=size)
    images = images_for(name, size)
    expected = features_of(timms, images)
    with torch.inference_mode():
        assert torch.equal(stages.eval()(images), expected)
        assert torch.equal(again.eval()(images), expected)


def test_a_size_that_a_network_does_not_come_in_is_refused() -> None:
    stages = build_stages("maxvit_pico_rw_256", None)
    with pytest.raises(GraftworkError, match="cannot be built for 100 pixels"):
        resize_stages("maxvit_pico_rw_256", stages, 100)


def test_a_size_at_whose_border_patches_would_be_cut_off_is_refused() -> None:
    """Timm builds it, and nothing at that border would change an answer."""
    stages = build_stages("test_vit", None)
    with pytest.raises(GraftworkError, match="patches of 16 pixels, the last ones would be cut"):
        resize_stages("test_vit", stages, 90)


def test_weights_of_another_network_are_refused(tmp_path: Path) -> None:
    file = saved(timm.create_model("test_resnet"), tmp_path / "model.safetensors")
    with pytest.raises(GraftworkError, match=r"does not hold the weights of timm's test_convnext"):
        build_stages("test_convnext", file)


@pytest.mark.parametrize("name", ["test_convnext", "test_vit", "lcnet_035"])
def test_blocks_can_be_skipped_but_are_not_unless_a_rate_is_set(name: str) -> None:
    stages = build_stages(name, None).train()
    blocks = [module for module in stages.modules() if isinstance(module, DropPath)]
    assert all(block.drop_prob == 0 for block in blocks)
    assert blocks


@pytest.mark.parametrize("name", ["test_resnet", "test_vit", "visformer_tiny"])
def test_the_first_layer_takes_other_channels(name: str) -> None:
    stages = build_stages(name, None)
    adapt_input_channels(stages, 5)
    images = torch.randn(1, 5, size_of(name), size_of(name))
    assert stages.eval()(images).shape == (1, headless(name).num_features)


@pytest.mark.parametrize("backbone", LISTED, ids=lambda backbone: backbone.name)
def test_listed_facts_are_timms(backbone: Backbone) -> None:
    found = TIMM.find(backbone.name.removeprefix("timm/"))
    for fact in ("name", "preprocessing", "features", "parameters", "licence", "min_size"):
        assert getattr(found, fact) == getattr(backbone, fact)
    assert found.weights == backbone.weights
    assert (found.resize is None) == (backbone.resize is None)
    assert isinstance(backbone.weights, DownloadedWeights)
    assert backbone.weights.sha256
    assert backbone.weights.sha256 in backbone.weights.url


def test_any_network_is_found_by_its_name(registry: Registry) -> None:
    backbone = registry.backbone("timm/test_vit.r160_in1k")
    assert backbone is registry.backbones["timm/test_vit.r160_in1k"]
    assert backbone.preprocessing.size == 160
    stages = backbone.build(None)
    assert sum(p.numel() for p in stages.parameters()) == backbone.parameters
    assert stages.eval()(torch.randn(1, 3, 160, 160)).shape == (1, backbone.features)
    assert isinstance(backbone.weights, DownloadedWeights)
    assert backbone.weights.url.endswith("timm/test_vit.r160_in1k/resolve/main/model.safetensors")
    assert backbone.weights.filename == "timm-test_vit.r160_in1k.safetensors"
    assert "test_vit.r160_in1k" in graftwork_backbones.TIMM.networks()


def test_a_network_without_published_weights_says_so(registry: Registry) -> None:
    assert registry.backbone("timm/test_mambaout").weights == NoWeights()


@pytest.mark.parametrize("name", ["resnt50", "../resnet50", "hf-hub:somebody/something", ""])
def test_a_name_that_timm_does_not_know_is_refused(registry: Registry, name: str) -> None:
    with pytest.raises(GraftworkError, match="timm has no network"):
        registry.backbone(f"timm/{name}")
    with pytest.raises(GraftworkError, match=r"Did you mean resnet50"):
        registry.backbone("timm/resnt50")


def test_a_run_in_another_size_is_kept_and_exported(
    images: Path, registry: Registry, tmp_path: Path
) -> None:
    settings = {"epochs": 2, "rate": 0.001}
    job = small_job(images, "full-fine-tuning", settings, size=48, channels=1)
    job = job.model_copy(update={"backbone": "timm/test_vit.r160_in1k"})
    run_job(job, registry, tmp_path / "run")
    classifier = load_classifier(tmp_path / "run", registry.backbones)
    assert (classifier.info.input.size, classifier.info.input.channels) == (48, 1)
    samples = [decode(file, 1) for file in sorted(images.rglob("*.png"))[::9]]
    report = export_onnx(classifier, tmp_path / "model.onnx", samples)
    assert report.max_difference < 1e-3
