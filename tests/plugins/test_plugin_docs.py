"""The manual for plugin authors is complete, and what it shows works."""

from __future__ import annotations

import importlib.util
import inspect
import re
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import get_args

import pytest
import torch
from PIL import Image

from graftwork import plugin_api
from graftwork.data.catalog import find_reader, read_catalog
from graftwork.plugin_api import (
    ENTRY_POINT_GROUP,
    HEAD,
    BackboneOutline,
    DataOutline,
    DatasetError,
    GraftworkError,
    PhaseReport,
    StageOutline,
    hookspecs,
)
from graftwork.plugin_host import Registry, build_registry
from graftwork.plugin_host.registry import FailedStep

DOCS = (Path(__file__).parents[2] / "docs" / "plugins.md").read_text("utf-8")
HOOKS = {
    name: function
    for name, function in inspect.getmembers(hookspecs, inspect.isfunction)
    if name.startswith("register_")
}
BACKBONE = BackboneOutline(
    stages=(StageOutline(name="low", parameters=10), StageOutline(name="high", parameters=20)),
    features=4,
)
DATA = DataOutline(training_images={"a": 20, "b": 20}, validation_images=10, test_images=10)


def signature_of(name: str) -> str:
    """As it is written in the source, on one line."""
    return name + str(inspect.signature(HOOKS[name])).replace("'", "")


def section_of(name: str) -> str:
    """The section whose heading is the hook's signature."""
    return DOCS.partition(f"\n### `{signature_of(name)}`\n")[2].partition("\n##")[0]


def blocks(text: str, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", text, flags=re.MULTILINE | re.DOTALL)


def load(name: str, file: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, file)
    assert spec
    assert spec.loader
    module = sys.modules[name] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def registry(tmp_path: Path) -> Iterator[Registry]:
    """All examples, loaded as plugins."""
    plugins = []
    for hook in HOOKS:
        file = tmp_path / f"documented_{hook}.py"
        file.write_text(blocks(section_of(hook), "python")[0], "utf-8")
        plugins.append((hook, load(file.stem, file)))
    yield build_registry(plugins)
    for hook in HOOKS:
        del sys.modules[f"documented_{hook}"]


def test_the_hooks_are_found() -> None:
    assert {"register_backbones", "register_strategies", "register_dataset_readers"} <= set(HOOKS)


@pytest.mark.parametrize("hook", HOOKS)
def test_each_hook_has_a_section_with_its_signature_its_sentence_and_an_example(hook: str) -> None:
    section = section_of(hook)
    assert section, f"docs/plugins.md needs a section headed: ### `{signature_of(hook)}`"
    assert section.strip().startswith(inspect.getdoc(HOOKS[hook]) or "?")
    assert len(blocks(section, "python")) == 1


@pytest.mark.parametrize("name", sorted(set(plugin_api.__all__) - {"hookspec"}))
def test_each_name_that_a_plugin_may_import_is_explained(name: str) -> None:
    assert re.search(rf"`[^`\n]*\b{name}\b[^`\n]*`", DOCS)


def test_there_is_no_section_for_a_hook_that_does_not_exist() -> None:
    assert set(re.findall(r"^### `(\w+)\(", DOCS, flags=re.MULTILINE)) == set(HOOKS)


def test_all_examples_load_without_failure(registry: Registry) -> None:
    assert registry.failures == ()
    assert len(registry.plugins) == len(HOOKS)


def test_the_backbone_of_the_example_is_what_it_says(registry: Registry, tmp_path: Path) -> None:
    (backbone,) = registry.backbones.values()
    stages = backbone.build(None).eval()
    size = backbone.preprocessing.size
    images = torch.rand(2, 3, size, size)
    assert stages(images).shape == (2, backbone.features)
    assert sum(p.numel() for p in stages.parameters()) == backbone.parameters
    torch.save(stages.state_dict(), tmp_path / "weights.pth")
    assert torch.equal(backbone.build(tmp_path / "weights.pth").eval()(images), stages(images))


def test_the_family_of_the_example_finds_its_networks(registry: Registry) -> None:
    (family,) = registry.families.values()
    for network in family.networks():
        backbone = registry.backbone(f"{family.name}/{network}")
        stages = backbone.build(None)
        assert stages(torch.rand(2, 3, 64, 64)).shape == (2, backbone.features)
        assert sum(p.numel() for p in stages.parameters()) == backbone.parameters
    with pytest.raises(GraftworkError, match="only narrow, wide"):
        registry.backbone("one-layer/huge")


def rates_of_phases(registry: Registry, accuracy: float) -> list[dict[str, float]]:
    (strategy,) = registry.strategies.values()
    plan = strategy.plan(strategy.settings(), BACKBONE, DATA)
    phase, found = next(plan, None), []
    while phase is not None:
        found.append(dict(phase.rates))
        report = PhaseReport(
            phase=phase,
            epochs_run=1,
            best_epoch=1,
            best_score=accuracy,
            best_loss=1.0,
            best_accuracy=accuracy,
            improved=True,
        )
        try:
            phase = plan.send(report)
        except StopIteration:
            phase = None
    return found


def test_the_strategy_of_the_example_follows_its_reports(registry: Registry) -> None:
    assert rates_of_phases(registry, accuracy=0.99) == [{HEAD: 0.003}]
    everything = dict.fromkeys(("low", "high", HEAD), 0.0001)
    assert rates_of_phases(registry, accuracy=0.5) == [{HEAD: 0.003}, everything]


def test_the_reader_of_the_example_reads_a_folder(registry: Registry, tmp_path: Path) -> None:
    for name in ("daisy_1.jpg", "daisy_2.jpg", "rose_1.jpg"):
        Image.new("RGB", (8, 8)).save(tmp_path / name)
    catalog = read_catalog(tmp_path, find_reader(tmp_path, registry.readers))
    assert catalog.counts() == {"daisy": 2, "rose": 1}
    assert [item.path.name for item in catalog.items] == [
        "daisy_1.jpg",
        "daisy_2.jpg",
        "rose_1.jpg",
    ]


def test_the_reader_of_the_example_says_what_it_misses(registry: Registry, tmp_path: Path) -> None:
    reader = registry.reader("file-names")
    assert not reader.recognises(tmp_path)
    with pytest.raises(DatasetError, match=r"has no \.jpg files"):
        reader.read(tmp_path, reader.options())


def test_the_packaging_example_names_the_right_entry_point_group() -> None:
    (block,) = blocks(DOCS, "toml")
    assert ENTRY_POINT_GROUP in tomllib.loads(block)["project"]["entry-points"]


def test_the_steps_of_failures_are_those_that_exist() -> None:
    table = DOCS.partition("| Step |")[2]
    steps = re.findall(r"^\| `(\w+)` \|", table, flags=re.MULTILINE)
    assert list(dict.fromkeys(steps)) == list(get_args(FailedStep))
