"""Reads ``--set key=value``: finds the settings that a key belongs to and changes the job."""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterable, Mapping
from typing import Any, get_args

from pydantic.fields import FieldInfo

from graftwork.data.catalog import checked_options
from graftwork.engine.data_source import reader_of
from graftwork.engine.job import DataSettings, TrainingJob
from graftwork.engine.job_check import check_job
from graftwork.engine.training_settings import TrainingSettings
from graftwork.plugin_host.registry import Registry

from .console import WrongUseError, wrong_use

_Fields = Mapping[str, FieldInfo]
_Place = tuple[_Fields, dict[str, Any]]

_DATA_KEYS = ("validation", "test")


def parse_assignments(texts: Iterable[str]) -> dict[str, Any]:
    """Keys and values of ``key=value``; a value is JSON or ``none`` where it can be, else text."""
    return dict(_parse(text) for text in texts)


def apply_assignments(
    job: dict[str, Any], given: Mapping[str, Any], registry: Registry
) -> dict[str, Any]:
    """The job's values with the assignments in their places.

    A key is looked for in the strategy's settings, the shared training settings, the data
    settings and the reader's options, in this order; ``seed`` belongs to the job itself.
    """
    places = _places(job, registry)
    for key, value in given.items():
        fields, values = _place(key, places)
        values[key] = _choice_of_none(fields[key]) if value is None else value
    return job


def _choice_of_none(field: FieldInfo) -> str | None:
    """The word, where it is one of a setting's choices, as in ``augmentation=none``."""
    return "none" if "none" in get_args(field.annotation) else None


def _places(job: dict[str, Any], registry: Registry) -> list[_Place]:
    data = job["data"]
    options = data.setdefault("reader_options", {})
    return [
        (
            registry.strategy(job["strategy"]).settings.model_fields,
            job.setdefault("strategy_settings", {}),
        ),
        (TrainingSettings.model_fields, job.setdefault("training", {})),
        ({key: DataSettings.model_fields[key] for key in _DATA_KEYS}, data),
        ({"seed": TrainingJob.model_fields["seed"]}, job),
        (_reader_fields(data, registry), options),
    ]


def _reader_fields(data: Mapping[str, Any], registry: Registry) -> _Fields:
    """The options of the reader that is named, or of all where none is."""
    named = data.get("reader")
    readers = [registry.reader(named)] if named else registry.readers.values()
    return {
        name: field for reader in readers for name, field in reader.options.model_fields.items()
    }


def _place(key: str, places: list[_Place]) -> _Place:
    for place in places:
        if key in place[0]:
            return place
    known = sorted({name for fields, _ in places for name in fields})
    near = difflib.get_close_matches(key, known, 3)
    hint = f" Did you mean {' or '.join(near)}?" if near else ""
    msg = f"There is no setting {key!r}.{hint} Known are: {', '.join(known)}."
    raise WrongUseError(msg)


def _parse(text: str) -> tuple[str, Any]:
    key, equals, value = text.partition("=")
    if not equals or not key.strip():
        msg = f"--set {text!r} is not of the form key=value, such as epochs=20."
        raise WrongUseError(msg)
    return key.strip(), _value(value)


def _value(text: str) -> Any:
    if text.lower() == "none":
        return None
    try:
        return json.loads(text)
    except json.JSONDecodeError:
        return text


def build_job(
    values: dict[str, Any], assignments: Iterable[str], registry: Registry, **chosen: str | None
) -> TrainingJob:
    """The job of these values, with what was ``chosen`` and the assignments in their places.

    Raises ``WrongUseError`` for what is not right.
    """
    with wrong_use():
        job = _job(values, assignments, registry, chosen)
        check_job(job, registry)
    _check_reader(job.data, registry)
    return job


def _job(
    values: dict[str, Any],
    assignments: Iterable[str],
    registry: Registry,
    chosen: Mapping[str, str | None],
) -> TrainingJob:
    defaults = {name: TrainingJob.model_fields[name].default for name in chosen}
    named = {name: value for name, value in chosen.items() if value is not None}
    whole = {**defaults, **values, **named}
    if "strategy" in named and named["strategy"] != values.get("strategy"):
        whole["strategy_settings"] = {}
    return TrainingJob.model_validate(
        apply_assignments(whole, parse_assignments(assignments), registry)
    )


def data_settings(
    data: dict[str, Any], assignments: Iterable[str], registry: Registry
) -> DataSettings:
    """The data that the command line describes, where only reader options can be set.

    Raises ``WrongUseError`` for what is not right.
    """
    options = data.setdefault("reader_options", {})
    with wrong_use():
        for key, value in parse_assignments(assignments).items():
            _place(key, [(_reader_fields(data, registry), options)])[1][key] = value
        described = DataSettings.model_validate(data)
    _check_reader(described, registry)
    return described


def _check_reader(data: DataSettings, registry: Registry) -> None:
    """Data that are not there, or that no reader knows, are no fault of the call."""
    with wrong_use():
        if data.reader:
            registry.reader(data.reader)
    reader = reader_of(data, registry)
    with wrong_use():
        checked_options(reader, data.reader_options)
