"""Asking the registry for names that exist, nearly exist, and do not."""

from __future__ import annotations

import pytest

from graftwork.plugin_host import Registry, UnknownNameError, build_registry

from .plugins import BACKBONE, STRATEGY, hooks, named

NAMES = ("resnet18", "resnet34", "vit-b-16")
REGISTRY = build_registry(
    [
        (
            "test",
            hooks(
                register_backbones=[named(BACKBONE, name) for name in NAMES],
                register_strategies=[STRATEGY],
            ),
        )
    ]
)


@pytest.mark.parametrize("name", NAMES)
def test_a_known_name_gives_its_descriptor(name: str) -> None:
    assert REGISTRY.backbone(name).name == name


@pytest.mark.parametrize(
    ("asked", "near"),
    [("resnet-18", "resnet18"), ("vit_b_16", "vit-b-16"), ("ResNet34", "resnet34")],
)
def test_a_misspelt_name_is_answered_with_near_ones(asked: str, near: str) -> None:
    with pytest.raises(UnknownNameError, match=rf"no backbone '{asked}'. Did you mean .*{near}"):
        REGISTRY.backbone(asked)


def test_a_name_like_no_other_is_answered_with_all() -> None:
    with pytest.raises(UnknownNameError, match=r"There are: resnet18, resnet34, vit-b-16"):
        REGISTRY.backbone("quantum")
    with pytest.raises(UnknownNameError, match=r"no strategy 'resnet18'\. There are: strategy"):
        REGISTRY.strategy("resnet18")


def test_plugins_that_failed_are_named_where_a_name_is_missing() -> None:
    registry = build_registry(
        [("broken", object()), ("test", hooks(register_strategies=[STRATEGY]))]
    )
    with pytest.raises(
        UnknownNameError, match=r"Not all of broken could be used: see 'graftwork p"
    ):
        registry.strategy("theirs")


def test_an_empty_registry_wonders_about_plugins() -> None:
    with pytest.raises(UnknownNameError, match=r"no dataset reader 'csv'.*is a plugin missing"):
        Registry().reader("csv")
