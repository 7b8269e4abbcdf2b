"""Checks at run time that a descriptor is what its type says, down to each field."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Discriminator,
    Field,
    NonNegativeInt,
    PositiveFloat,
    PositiveInt,
    StringConstraints,
    Tag,
    ValidationError,
)
from pydantic.fields import FieldInfo

from graftwork.plugin_api import (
    Augmentation,
    Backbone,
    BackboneFamily,
    DatasetReader,
    DownloadedWeights,
    HeadKind,
    Interpolation,
    NoWeights,
    PackagedWeights,
    Strategy,
)
from graftwork.wrong_values import wrong_values_text

Descriptor = Backbone | BackboneFamily | Strategy | DatasetReader


class BadDescriptorError(Exception):
    """A descriptor cannot be used; the message says what is wrong with it."""


def _constructs(model: type[BaseModel]) -> type[BaseModel]:
    """A model whose defaults are right, which pydantic does not check, and that makes a form."""
    try:
        _check_defaults(model)
    except ValidationError as error:
        raise ValueError(f"{model.__name__}() fails: {wrong_values_text(error)}") from error
    return model


def _is_renamed(field: FieldInfo) -> bool:
    return bool(field.validation_alias or field.serialization_alias)


def _check_defaults(model: type[BaseModel]) -> None:
    if renamed := [name for name, field in model.model_fields.items() if _is_renamed(field)]:
        raise ValueError(f"a setting has no other name than its own, but {renamed[0]} has an alias")
    model.model_validate(dict(model()))
    model.model_json_schema()


_WORD = r"[a-z0-9][a-z0-9._-]*"
Name = Annotated[str, StringConstraints(pattern=f"^{_WORD}$")]
BackboneName = Annotated[str, StringConstraints(pattern=f"^{_WORD}(/{_WORD})?$")]
Text = Annotated[str, StringConstraints(min_length=1)]
Function = Callable[..., Any]
Model = Annotated[type[BaseModel], AfterValidator(_constructs)]


class _Fields(BaseModel):
    model_config = ConfigDict(strict=True, from_attributes=True)


class PreprocessingFields(_Fields):
    """What ``Preprocessing`` must hold."""

    size: int = Field(ge=8)
    crop_fraction: float = Field(gt=0, le=1)
    interpolation: Interpolation
    mean: tuple[float, float, float]
    std: tuple[PositiveFloat, PositiveFloat, PositiveFloat]


class PackagedWeightsFields(_Fields):
    """What ``PackagedWeights`` must hold."""

    package: Text
    locate: Function


class DownloadedWeightsFields(_Fields):
    """What ``DownloadedWeights`` must hold; its address must end in a file's name."""

    url: Annotated[str, StringConstraints(pattern=r"^https?://.+/[^/]+$")]
    sha256: Annotated[str, StringConstraints(pattern=r"^([0-9a-fA-F]{8,64})?$")]
    size: PositiveInt | None
    saved_as: Annotated[str, StringConstraints(pattern=r"^[^/\\]+$")] | None


class NoWeightsFields(_Fields):
    """``NoWeights`` holds nothing."""


def _type_name(value: object) -> str:
    return type(value).__name__


Weights = Annotated[
    Annotated[PackagedWeightsFields, Tag(PackagedWeights.__name__)]
    | Annotated[DownloadedWeightsFields, Tag(DownloadedWeights.__name__)]
    | Annotated[NoWeightsFields, Tag(NoWeights.__name__)],
    Discriminator(_type_name),
]


class BackboneFields(_Fields):
    """What a ``Backbone`` must hold; one of a family has the family's name before its own."""

    name: BackboneName
    title: Text
    summary: Text
    build: Function
    preprocessing: PreprocessingFields
    features: PositiveInt
    parameters: NonNegativeInt
    licence: Text
    weights: Weights
    min_size: PositiveInt
    resize: Function | None


class BackboneFamilyFields(_Fields):
    """What a ``BackboneFamily`` must hold."""

    name: Name
    title: Text
    summary: Text
    networks: Function
    find: Function


class StrategyFields(_Fields):
    """What a ``Strategy`` must hold."""

    name: Name
    title: Text
    summary: Text
    settings: Model
    plan: Function
    augmentation: Augmentation
    pretrained: bool
    head: HeadKind | None
    check: Function | None


class DatasetReaderFields(_Fields):
    """What a ``DatasetReader`` must hold."""

    name: Name
    title: Text
    summary: Text
    recognises: Function
    options: Model
    read: Function
    decode: Function | None
    offers: Function | None


FIELDS: dict[type[Descriptor], type[BaseModel]] = {
    Backbone: BackboneFields,
    BackboneFamily: BackboneFamilyFields,
    Strategy: StrategyFields,
    DatasetReader: DatasetReaderFields,
}


def check_descriptor(descriptor: object, wanted: type[Descriptor]) -> None:
    """Raise ``BadDescriptorError`` unless this is a ``wanted`` with good values in all fields."""
    if not isinstance(descriptor, wanted):
        raise BadDescriptorError(f"{descriptor!r:.80} is not a {wanted.__name__}")
    named = f"{wanted.__name__} {getattr(descriptor, 'name', None)!r}"
    try:
        FIELDS[wanted].model_validate(descriptor)
    except ValidationError as error:
        raise BadDescriptorError(f"{named}: {wrong_values_text(error)}") from error
    except Exception as error:
        raise BadDescriptorError(f"{named}: {type(error).__name__}: {error}") from error
