"""Each field of each descriptor is checked."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields, replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, Field

from graftwork.plugin_api import (
    Backbone,
    BackboneFamily,
    DatasetReader,
    DownloadedWeights,
    NoWeights,
    PackagedWeights,
    Preprocessing,
    Strategy,
)
from graftwork.plugin_host import checks
from graftwork.plugin_host.checks import BadDescriptorError, check_descriptor

from .plugins import BACKBONE, FAMILY, READER, STRATEGY

URL = "https://example.org/weights/tiny.pth"


class Demanding(BaseModel):
    """Has no default."""

    number: int


class TooFew(BaseModel):
    """Its default is out of its own bounds."""

    epochs: int = Field(default=0, ge=1)


class NoNumber(BaseModel):
    """Its default is of another type."""

    epochs: int = "ten"  # type: ignore[assignment]


class Renamed(BaseModel):
    """Its setting is called otherwise outside."""

    epochs: int = Field(default=1, alias="numberOfEpochs")


class Shapeless(BaseModel):
    """No form can be made of it."""

    function: Callable[[], int] = int


class Exploding(BaseModel):
    """Cannot be constructed at all."""

    number: int = Field(default_factory=lambda: 1 // 0)


@pytest.mark.parametrize(
    ("described", "checked"),
    [
        (Preprocessing, checks.PreprocessingFields),
        (PackagedWeights, checks.PackagedWeightsFields),
        (DownloadedWeights, checks.DownloadedWeightsFields),
        (NoWeights, checks.NoWeightsFields),
        (Backbone, checks.BackboneFields),
        (BackboneFamily, checks.BackboneFamilyFields),
        (Strategy, checks.StrategyFields),
        (DatasetReader, checks.DatasetReaderFields),
    ],
)
def test_no_field_goes_unchecked(described: Any, checked: type[BaseModel]) -> None:
    assert [field.name for field in fields(described)] == list(checked.model_fields)


@pytest.mark.parametrize(
    "weights",
    [
        NoWeights(),
        PackagedWeights(package="some-package", locate=lambda: BACKBONE),
        DownloadedWeights(url=URL, sha256="0123abcd"),
        DownloadedWeights(url=URL, sha256="0123ABCD" * 8, size=12),
        DownloadedWeights(url=URL, sha256="", saved_as="tiny of somebody.safetensors"),
    ],
)
def test_every_source_of_weights_is_accepted(weights: Any) -> None:
    check_descriptor(replace(BACKBONE, weights=weights), Backbone)


@pytest.mark.parametrize("name", ["family/network", "family-2/net_1.tag"])
def test_a_backbone_may_have_a_familys_name_before_its_own(name: str) -> None:
    check_descriptor(replace(BACKBONE, name=name), Backbone)


@pytest.mark.parametrize("name", ["/network", "family/", "a/b/c", "family//network"])
def test_a_backbone_has_one_familys_name_at_most(name: str) -> None:
    with pytest.raises(BadDescriptorError, match="name"):
        check_descriptor(replace(BACKBONE, name=name), Backbone)


@pytest.mark.parametrize(
    ("field", "value"), [("name", "a/b"), ("title", ""), ("networks", ["one"]), ("find", None)]
)
def test_a_bad_field_of_a_family_is_named(field: str, value: object) -> None:
    check_descriptor(FAMILY, BackboneFamily)
    with pytest.raises(BadDescriptorError, match=rf"^BackboneFamily .*{field}"):
        check_descriptor(replace(FAMILY, **{field: value}), BackboneFamily)


def test_a_good_strategy_and_a_good_reader_are_accepted() -> None:
    check_descriptor(STRATEGY, Strategy)
    check_descriptor(READER, DatasetReader)
    check_descriptor(replace(READER, decode=lambda path, _channels: path), DatasetReader)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", None),
        ("name", ""),
        ("name", "Has Capitals"),
        ("name", "-dash-first"),
        ("name", "tail\n"),
        ("title", ""),
        ("summary", 3),
        ("build", "resnet18"),
        ("features", 0),
        ("features", "16"),
        ("features", True),
        ("parameters", -1),
        ("parameters", 1.5),
        ("licence", None),
        ("preprocessing", {"size": 224}),
        ("weights", None),
        ("weights", URL),
        ("min_size", 0),
        ("min_size", None),
        ("resize", 224),
    ],
)
def test_a_bad_field_of_a_backbone_is_named(field: str, value: object) -> None:
    with pytest.raises(BadDescriptorError, match=rf"^Backbone .*{field}"):
        check_descriptor(replace(BACKBONE, **{field: value}), Backbone)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("size", 4),
        ("size", 224.0),
        ("crop_fraction", 0),
        ("crop_fraction", 1.01),
        ("interpolation", "nearest"),
        ("mean", (0.5,)),
        ("std", (0.5, 0.5, 0.0)),
        ("std", [0.5, 0.5, 0.5]),
    ],
)
def test_a_bad_field_of_the_preprocessing_is_named(field: str, value: object) -> None:
    bad = replace(BACKBONE.preprocessing, **{field: value})
    with pytest.raises(BadDescriptorError, match=rf"preprocessing\.{field}"):
        check_descriptor(replace(BACKBONE, preprocessing=bad), Backbone)


@pytest.mark.parametrize(
    ("weights", "field"),
    [
        (PackagedWeights(package="", locate=print), "package"),
        (PackagedWeights(package="some-package", locate=URL), "locate"),
        (DownloadedWeights(url="tiny.pth", sha256="0123abcd"), "url"),
        (DownloadedWeights(url="https://example.org/weights/", sha256="0123abcd"), "url"),
        (DownloadedWeights(url=URL, sha256="0123abc"), "sha256"),
        (DownloadedWeights(url=URL, sha256="something"), "sha256"),
        (DownloadedWeights(url=URL, sha256="0123abcd", size=0), "size"),
        (DownloadedWeights(url=URL, sha256="", saved_as=""), "saved_as"),
        (DownloadedWeights(url=URL, sha256="", saved_as="../tiny.pth"), "saved_as"),
    ],
)
def test_a_bad_field_of_the_weights_is_named(weights: Any, field: str) -> None:
    with pytest.raises(BadDescriptorError, match=rf"weights\.{type(weights).__name__}\.{field}"):
        check_descriptor(replace(BACKBONE, weights=weights), Backbone)


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("settings", {"epochs": 3}, "settings"),
        ("settings", int, "BaseModel"),
        ("settings", Demanding, r"Demanding\(\) fails: number"),
        ("settings", TooFew, r"TooFew\(\) fails: epochs"),
        ("settings", NoNumber, r"NoNumber\(\) fails: epochs"),
        ("settings", Renamed, "epochs has an alias"),
        ("settings", Shapeless, "JsonSchema"),
        ("plan", None, "callable"),
        ("augmentation", "heavy", "'none', 'light' or 'strong'"),
        ("pretrained", 1, "pretrained"),
    ],
)
def test_a_bad_field_of_a_strategy_is_named(field: str, value: object, said: str) -> None:
    with pytest.raises(BadDescriptorError, match=said):
        check_descriptor(replace(STRATEGY, **{field: value}), Strategy)


@pytest.mark.parametrize(
    ("field", "value"),
    [("recognises", True), ("options", Demanding), ("read", None), ("decode", "png")],
)
def test_a_bad_field_of_a_reader_is_named(field: str, value: object) -> None:
    with pytest.raises(BadDescriptorError, match=rf"^DatasetReader 'reader': {field}"):
        check_descriptor(replace(READER, **{field: value}), DatasetReader)


def test_a_settings_model_that_explodes_is_named_with_what_it_raised() -> None:
    with pytest.raises(BadDescriptorError, match="Strategy 'strategy': ZeroDivision") as caught:
        check_descriptor(replace(STRATEGY, settings=Exploding), Strategy)
    assert isinstance(caught.value.__cause__, ZeroDivisionError)


@pytest.mark.parametrize("value", [None, "tiny", BACKBONE, Strategy])
def test_something_of_another_type_is_refused(value: object) -> None:
    with pytest.raises(BadDescriptorError, match="is not a Strategy"):
        check_descriptor(value, Strategy)


@given(st.text(alphabet="abcxyz019-._", min_size=1).filter(lambda name: name[0].isalnum()))
def test_every_name_of_the_allowed_characters_is_accepted(name: str) -> None:
    check_descriptor(replace(STRATEGY, name=name), Strategy)


@given(
    st.text(min_size=1).filter(
        lambda name: not set(name) <= set("abcdefghijklmnopqrstuvwxyz0123456789-._")
    )
)
def test_every_name_with_other_characters_is_refused(name: str) -> None:
    with pytest.raises(BadDescriptorError, match="name"):
        check_descriptor(replace(STRATEGY, name=name), Strategy)
