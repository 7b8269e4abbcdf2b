"""The built-in dataset readers: class folders, and tables of paths and labels."""

from __future__ import annotations

from collections.abc import Iterable

from graftwork.plugin_api import DatasetReader, hookimpl

from .class_folders import CLASS_FOLDERS
from .table import TABLE

GRAFTWORK_API = 1


@hookimpl
def register_dataset_readers() -> Iterable[DatasetReader]:
    """Give the readers of this package."""
    return [CLASS_FOLDERS, TABLE]
