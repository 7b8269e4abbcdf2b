"""Plugins of all sorts of brokenness, beside one that works."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, NoReturn

import pytest

from graftwork.plugin_api import Backbone, hookimpl
from graftwork.plugin_host import PluginFailure, Registry, build_registry, load_plugins

from .plugins import ALL_FOUR, BACKBONE, READER, STRATEGY, hooks, named, plugin


def only_failure(registry: Registry) -> PluginFailure:
    (failure,) = registry.failures
    return failure


def registry_with_good_neighbour(broken: object) -> Registry:
    good = hooks(register_backbones=[named(BACKBONE, "good")])
    registry = build_registry([("broken", broken), ("neighbour", good)])
    assert registry.backbone("good").name == "good"
    return registry


def test_all_that_a_plugin_gives_is_found_by_name() -> None:
    everything = hooks(**{hook: [descriptor] for hook, descriptor in ALL_FOUR.items()})
    registry = build_registry([("everything", everything)])
    assert registry.failures == ()
    assert registry.backbone("tiny") is BACKBONE
    assert registry.strategy("strategy") is STRATEGY
    assert registry.reader("reader") is READER
    (loaded,) = registry.plugins
    assert (loaded.name, loaded.distribution, loaded.version) == ("everything", None, None)
    assert (loaded.backbones, loaded.families, loaded.strategies, loaded.readers) == (
        ("tiny",),
        ("family",),
        ("strategy",),
        ("reader",),
    )


def test_order_is_that_of_registration() -> None:
    first = hooks(register_strategies=[named(STRATEGY, "zebra"), named(STRATEGY, "ant")])
    second = hooks(register_strategies=[named(STRATEGY, "bee")])
    registry = build_registry([("one", first), ("two", second)])
    assert list(registry.strategies) == ["zebra", "ant", "bee"]


@pytest.mark.parametrize("stated", [None, "1", 1.0], ids=repr)
def test_a_plugin_must_state_its_api_version(stated: object) -> None:
    failure = only_failure(registry_with_good_neighbour(plugin(GRAFTWORK_API=stated)))
    assert (failure.plugin, failure.step) == ("broken", "version")
    assert "GRAFTWORK_API = 1" in failure.message


def test_a_plugin_for_a_later_api_says_what_to_update() -> None:
    failure = only_failure(registry_with_good_neighbour(plugin(GRAFTWORK_API=2)))
    assert failure.step == "version"
    assert "version 2" in failure.message
    assert "Update Graftwork" in failure.message


@hookimpl
def register_backbones(colour: str) -> Iterable[Backbone]:
    return []


@hookimpl
def register_backbonez() -> Iterable[Backbone]:
    return []


@pytest.mark.parametrize(
    ("members", "said"),
    [
        ({"register_backbones": register_backbones}, "colour"),
        ({"register_backbonez": register_backbonez}, "unknown hook"),
        ({}, "@hookimpl"),
    ],
    ids=["wrong signature", "unknown hook", "no hook"],
)
def test_a_plugin_that_pluggy_refuses_is_left_out(members: dict[str, Any], said: str) -> None:
    registry = registry_with_good_neighbour(plugin(**members))
    failure = only_failure(registry)
    assert failure.step == "registration"
    assert said in failure.message
    assert [loaded.name for loaded in registry.plugins] == ["neighbour"]


@pytest.mark.parametrize("error", [ValueError("no network"), SystemExit(3)], ids=repr)
def test_a_hook_that_raises_costs_only_that_hook(error: BaseException) -> None:
    @hookimpl
    def register_strategies() -> NoReturn:
        raise error

    broken = hooks(register_backbones=[BACKBONE])
    broken.register_strategies = register_strategies
    registry = registry_with_good_neighbour(broken)
    failure = only_failure(registry)
    assert failure.step == "registration"
    assert failure.message == f"{type(error).__name__}: {error}"
    assert "in register_strategies" in failure.traceback
    assert registry.backbone("tiny") is BACKBONE


def test_what_a_plugin_prints_is_no_result(capsys: pytest.CaptureFixture[str]) -> None:
    @hookimpl
    def register_backbones() -> list[Backbone]:
        print("hello")
        return [BACKBONE]

    registry = build_registry([("chatty", plugin(register_backbones=register_backbones))])
    assert registry.backbone("tiny") is BACKBONE
    assert capsys.readouterr() == ("", "hello\n")


def test_what_a_hook_gave_before_it_raised_counts() -> None:
    @hookimpl
    def register_backbones() -> Iterator[Backbone]:
        yield BACKBONE
        raise KeyError("second")

    registry = registry_with_good_neighbour(plugin(register_backbones=register_backbones))
    assert only_failure(registry).message == "KeyError: 'second'"
    assert list(registry.backbones) == ["tiny", "good"]


@pytest.mark.parametrize("returned", [None, 7, BACKBONE], ids=["None", "7", "a backbone"])
def test_a_hook_must_return_a_list(returned: Any) -> None:
    failure = only_failure(registry_with_good_neighbour(hooks(register_backbones=returned)))
    assert failure.step == "registration"
    assert "must return a list" in failure.message or "not iterable" in failure.message


def test_a_bad_descriptor_costs_only_itself() -> None:
    given = [named(STRATEGY, "one"), named(STRATEGY, ""), named(STRATEGY, "two")]
    registry = registry_with_good_neighbour(hooks(register_strategies=given))
    failure = only_failure(registry)
    assert failure.step == "descriptor"
    assert "Traceback" in failure.traceback
    assert list(registry.strategies) == ["one", "two"]
    assert registry.plugins[0].strategies == ("one", "two")


def test_of_two_with_one_name_the_first_wins_and_both_are_named() -> None:
    first, second = named(BACKBONE, "same"), named(BACKBONE, "same")
    registry = build_registry(
        [("one", hooks(register_backbones=[first])), ("two", hooks(register_backbones=[second]))]
    )
    assert registry.backbone("same") is first
    failure = only_failure(registry)
    assert failure.plugin == "two"
    assert "'same'" in failure.message
    assert "one" in failure.message
    assert registry.plugins[1].backbones == ()


def test_one_name_may_stand_for_different_kinds() -> None:
    given = {hook: [named(descriptor, "same")] for hook, descriptor in ALL_FOUR.items()}
    assert build_registry([("one", hooks(**given))]).failures == ()


def install(site: Path, distribution: str, entry_point: str, source: str) -> None:
    """What pip leaves behind: a module and its metadata."""
    module = distribution.replace("-", "_")
    (site / f"{module}.py").write_text(source)
    metadata = site / f"{module}-2.5.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {distribution}\nVersion: 2.5")
    (metadata / "entry_points.txt").write_text(f"[graftwork.plugins]\n{entry_point} = {module}\n")


IMPORTS = """
from graftwork.plugin_api import Strategy, hookimpl
from graftwork_strategies.feature_extraction import FEATURE_EXTRACTION
from dataclasses import replace
GRAFTWORK_API = 1
@hookimpl
def register_strategies():
    return [replace(FEATURE_EXTRACTION, name=name) for name in NAMES]
"""


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.syspath_prepend(tmp_path)
    before = set(sys.modules)
    yield tmp_path
    for name in set(sys.modules) - before:
        del sys.modules[name]


def test_installed_plugins_follow_the_built_in_ones_by_entry_point_name(site: Path) -> None:
    install(site, "aardvark", "zz", IMPORTS + "NAMES = ['last', 'top-stages']")
    install(site, "zoo-pack", "aa", IMPORTS + "NAMES = ['first', 'last']")
    registry = load_plugins()
    third_party = [p for p in registry.plugins if p.distribution != "graftwork"]
    assert [(p.name, p.distribution, p.version, p.strategies) for p in third_party] == [
        ("aa", "zoo-pack", "2.5", ("first", "last")),
        ("zz", "aardvark", "2.5", ()),
    ]
    assert next(iter(registry.strategies)) == "feature-extraction"
    messages = [f.message for f in registry.failures if f.plugin == "zz"]
    assert "zz (aardvark)" in messages[0]
    assert "aa (zoo-pack)" in messages[0]
    assert "strategies (graftwork)" in messages[1]


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("import no_such_module_at_all", "ModuleNotFoundError"),
        ("raise SystemExit('no licence')", "SystemExit: no licence"),
        ("def broken(:", "SyntaxError"),
        ("from graftwork.plugin_api import Backbone\nBackbone(name='x')", "missing 8 required"),
    ],
)
def test_a_plugin_that_fails_on_import_is_kept_with_its_traceback(
    site: Path, source: str, said: str
) -> None:
    install(site, "broken-pack", "broken", source)
    registry = load_plugins()
    (failure,) = [f for f in registry.failures if f.plugin == "broken"]
    assert (failure.step, failure.distribution) == ("import", "broken-pack")
    assert said in failure.message
    assert "Traceback" in failure.traceback
    assert "full-fine-tuning" in registry.strategies


def test_damaged_metadata_does_not_stop_the_program(site: Path) -> None:
    install(site, "half-pack", "half", IMPORTS + "NAMES = ['half']")
    (site / "half_pack-2.5.dist-info" / "METADATA").unlink()
    registry = load_plugins()
    assert registry.strategy("half").name == "half"


def test_the_built_in_plugins_load_without_failure_and_without_torch() -> None:
    program = (
        "import sys\n"
        "from graftwork.plugin_host import load_plugins\n"
        "registry = load_plugins()\n"
        "assert not registry.failures, registry.failures\n"
        "assert registry.backbones and registry.strategies and registry.readers\n"
        "assert 'torch' not in sys.modules, 'torch'\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True)
