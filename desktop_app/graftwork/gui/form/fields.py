"""What a form needs to know of each field of a pydantic model, read from its JSON schema."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from pydantic import BaseModel
from pydantic_core import PydanticUndefined

from .wording import spoken

FieldKind = Literal["integer", "number", "boolean", "choice", "text", "mapping", "json"]

_KINDS: Mapping[str, FieldKind] = {
    "integer": "integer",
    "number": "number",
    "boolean": "boolean",
    "string": "text",
}


@dataclass(frozen=True, kw_only=True)
class FieldSpec:
    """One field: its name, how it is edited, and within which bounds.

    ``optional`` fields may be None; the bounds are inclusive unless they are named exclusive.
    ``choices`` are all that there are, ``offers`` are texts that suit beside any other.
    """

    name: str
    label: str
    description: str
    kind: FieldKind
    default: Any = None
    optional: bool = False
    choices: tuple[Any, ...] = ()
    offers: tuple[str, ...] = ()
    minimum: float | None = None
    maximum: float | None = None
    exclusive_minimum: float | None = None
    exclusive_maximum: float | None = None


def fields_of(model: type[BaseModel]) -> tuple[FieldSpec, ...]:
    """The fields of this model, in the order in which it declares them."""
    schema = model.model_json_schema()
    shared = schema.get("$defs", {})
    properties = schema.get("properties", {})
    return tuple(
        _field(model, name, _resolved(shape, shared)) for name, shape in properties.items()
    )


def _field(model: type[BaseModel], name: str, shape: Mapping[str, Any]) -> FieldSpec:
    info = model.model_fields[name]
    default = info.get_default(call_default_factory=True)
    choices = tuple(shape.get("enum", ()))
    return FieldSpec(
        name=name,
        label=info.title or spoken(name),
        description=info.description or "",
        kind=_kind(shape),
        default=None if default is PydanticUndefined else default,
        optional=shape["optional"],
        choices=choices,
        minimum=shape.get("minimum"),
        maximum=shape.get("maximum"),
        exclusive_minimum=shape.get("exclusiveMinimum"),
        exclusive_maximum=shape.get("exclusiveMaximum"),
    )


def _kind(shape: Mapping[str, Any]) -> FieldKind:
    if shape.get("enum"):
        return "choice"
    if shape.get("additionalProperties") == {"type": "string"}:
        return "mapping"
    return _KINDS.get(shape.get("type", ""), "json")


def _resolved(shape: Mapping[str, Any], shared: Mapping[str, Any]) -> dict[str, Any]:
    """The shape with its reference followed and its "or null" noted as ``optional``."""
    if "$ref" in shape:
        return _resolved(shared[shape["$ref"].rsplit("/", 1)[-1]], shared)
    if "const" in shape:
        return {"enum": [shape["const"]], "optional": False}
    options = [option for option in shape.get("anyOf", ()) if option.get("type") != "null"]
    if len(options) == 1:
        return {**_resolved(options[0], shared), "optional": True}
    return {**shape, "optional": any(o.get("type") == "null" for o in shape.get("anyOf", ()))}
