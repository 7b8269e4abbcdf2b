from __future__ import annotations

from dataclasses import replace

import pytest

from graftwork.plugin_api import Backbone, GraftworkError
from graftwork.plugin_host import UnknownNameError, build_registry
from graftwork.plugin_host.families import Backbones

from .plugins import BACKBONE, FAMILY, hooks, named

REGISTRY = build_registry(
    [("plugin", hooks(register_backbones=[BACKBONE], register_backbone_families=[FAMILY]))]
)


def test_a_network_of_a_family_is_found_by_both_names() -> None:
    assert REGISTRY.failures == ()
    assert REGISTRY.backbone("family/one").name == "family/one"
    assert REGISTRY.backbones["family/two"].name == "family/two"


def test_the_list_has_only_what_was_given_one_by_one() -> None:
    REGISTRY.backbone("family/one")
    assert list(REGISTRY.backbones) == ["tiny"]
    assert len(REGISTRY.backbones) == 1


@pytest.mark.parametrize("name", ["other/one", "family", "one", "/one", ""])
def test_another_name_is_unknown(name: str) -> None:
    assert name not in REGISTRY.backbones
    with pytest.raises(KeyError):
        REGISTRY.backbones[name]
    with pytest.raises(UnknownNameError, match=f"no backbone '{name}'"):
        REGISTRY.backbone(name)


def finding(*found: Backbone) -> Backbones:
    """A family that gives these backbones, one after the other."""
    waiting = iter(found)
    return Backbones({}, {"family": replace(FAMILY, find=lambda _network: next(waiting))})


def test_a_network_is_described_once() -> None:
    backbones = finding(named(BACKBONE, "family/one"))
    assert backbones["family/one"] is backbones["family/one"]


def test_what_is_listed_goes_before_the_family() -> None:
    listed = named(BACKBONE, "family/one")
    assert Backbones({"family/one": listed}, {"family": FAMILY})["family/one"] is listed


def test_a_bad_description_is_refused() -> None:
    bad = replace(BACKBONE, name="family/one", features=0)
    with pytest.raises(GraftworkError, match=r"family does not describe one .*features"):
        finding(bad)["family/one"]


def test_a_family_says_itself_that_it_has_no_such_network() -> None:
    def find(network: str) -> Backbone:
        msg = f"No {network}. Did you mean one?"
        raise GraftworkError(msg)

    backbones = Backbones({}, {"family": replace(FAMILY, find=find)})
    with pytest.raises(GraftworkError, match=r"No on\. Did you mean one"):
        backbones["family/on"]
