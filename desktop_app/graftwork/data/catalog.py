"""From a path to a catalog of labelled images, through whichever reader knows it."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any

from pydantic import BaseModel, ValidationError

from graftwork.plugin_api import Catalog, DatasetError, DatasetReader
from graftwork.wrong_values import wrong_values_text

from .catalog_faults import fault_of
from .names import without_broken_names

_logger = logging.getLogger(__name__)

FEW_IMAGES = 10
"""A class with fewer images than this is warned of."""

_SPREADSHEETS = frozenset({".xlsx", ".xlsm", ".xls", ".ods"})

_NAMED = 5
"""Classes with few images that are named; of more there is their number."""

_NO_OPTIONS: Mapping[str, Any] = MappingProxyType({})


def check_there(path: Path) -> None:
    """Raise ``DatasetError`` if there is nothing at the path."""
    if not path.exists():
        msg = f"There is no file or folder {path}."
        raise DatasetError(msg)


def find_reader(path: Path, readers: Mapping[str, DatasetReader]) -> DatasetReader:
    """The first of ``readers_for``; raises ``DatasetError``."""
    check_there(path)
    for reader in readers_for(path, readers):
        return reader
    known = "\n".join(f"{reader.name}: {reader.summary}" for reader in readers.values())
    msg = f"No dataset reader knows {path}.{spreadsheet_advice(path)} There are:\n{known}"
    raise DatasetError(msg)


def spreadsheet_advice(path: Path) -> str:
    """What to do with a spreadsheet, which no reader of tables knows; empty for other files."""
    if path.suffix.lower() not in _SPREADSHEETS:
        return ""
    return " It is a spreadsheet: save its sheet as CSV, and open that."


def readers_for(path: Path, readers: Mapping[str, DatasetReader]) -> Iterator[DatasetReader]:
    """The readers that recognise the path, those that were installed beside Graftwork's own first.

    They are made for something special, while Graftwork's own take every folder and every table.
    """
    return (reader for reader in reversed(list(readers.values())) if _recognises(reader, path))


def _recognises(reader: DatasetReader, path: Path) -> bool:
    try:
        return reader.recognises(path)
    except Exception:
        _logger.warning("Reader %r failed to look at %s", reader.name, path, exc_info=True)
        return False


def offers_of(reader: DatasetReader, path: Path) -> dict[str, tuple[str, ...]]:
    """What the path has to choose from, by option of the reader; nothing where it cannot say."""
    if reader.offers is None:
        return {}
    try:
        return {name: tuple(map(str, texts)) for name, texts in reader.offers(path).items()}
    except Exception:
        _logger.info("Reader %r cannot say what %s offers", reader.name, path, exc_info=True)
        return {}


def read_catalog(
    path: Path, reader: DatasetReader, options: Mapping[str, Any] = _NO_OPTIONS
) -> Catalog:
    """The catalog that the reader makes of the path, told ``options``; raises ``DatasetError``."""
    check_there(path)
    catalog = without_broken_names(_read(reader, path, checked_options(reader, options)))
    _check(catalog, reader)
    return catalog


def checked_options(reader: DatasetReader, options: Mapping[str, Any]) -> BaseModel:
    """The reader's options model with these values; raises ``DatasetError``."""
    try:
        return reader.options.model_validate(dict(options))
    except ValidationError as error:
        known = ", ".join(reader.options.model_fields) or "none"
        wrong = wrong_values_text(error)
        msg = f"Reader {reader.name!r} cannot be told this: {wrong}. Its options: {known}."
        raise DatasetError(msg) from error


def _read(reader: DatasetReader, path: Path, options: BaseModel) -> Catalog:
    try:
        catalog = reader.read(path, options)
    except DatasetError:
        raise
    except Exception as error:
        msg = f"Reader {reader.name!r} failed on {path}: {type(error).__name__}: {error}"
        raise DatasetError(msg) from error
    if fault := fault_of(catalog):
        msg = f"Reader {reader.name!r} read {path} and gave {fault}. Tell the plugin's author."
        raise DatasetError(msg)
    return catalog


def _check(catalog: Catalog, reader: DatasetReader) -> None:
    """Refuse what no training could be made of, and what a reader must not give."""
    unknown = {item.label for item in catalog.items} - set(catalog.classes)
    if unknown:
        msg = f"Reader {reader.name!r} gave labels that are no classes: {', '.join(unknown)}."
        raise DatasetError(msg)
    if len(catalog.classes) < 2 or len(set(catalog.classes)) < len(catalog.classes):
        msg = f"{catalog.root} needs two different classes or more, not {list(catalog.classes)}."
        raise DatasetError(msg)


def warnings_of(catalog: Catalog) -> list[str]:
    """What the reader notes, and which classes have too few images for their results to be sure."""
    few = [(name, count) for name, count in catalog.counts().items() if count < FEW_IMAGES]
    return [*catalog.notes, *([_few_images(few)] if few else [])]


def _few_images(few: Sequence[tuple[str, int]]) -> str:
    who = _one_class(*few[0]) if len(few) == 1 else _classes(few)
    unsure = "it" if len(few) == 1 else "them"
    return f"{who}: results for {unsure} will be unsure; {FEW_IMAGES} or more are advised."


def _one_class(name: str, count: int) -> str:
    return f"Class {name!r} has only {count} {'image' if count == 1 else 'images'}"


def _classes(few: Sequence[tuple[str, int]]) -> str:
    """The first of them by name: of thousands, the list would hide all else."""
    named = ", ".join(f"{name!r} ({count})" for name, count in few[:_NAMED])
    others = f" and {len(few) - _NAMED} more" if len(few) > _NAMED else ""
    return f"{len(few)} classes have fewer than {FEW_IMAGES} images, {named}{others}"
