"""Opens the images that a job or a person names, with the reader that knows them."""

from __future__ import annotations

from graftwork.data.catalog import checked_options, find_reader, read_catalog
from graftwork.data.decoding import decode
from graftwork.plugin_api import Catalog, DatasetReader, Decoder
from graftwork.plugin_host.registry import Registry

from .job import DataSettings


def reader_of(data: DataSettings, registry: Registry) -> DatasetReader:
    """The reader that is asked for, or the first that knows the path.

    Raises ``DatasetError``, also if it cannot be told the options of the data.
    """
    reader = find_reader(data.path, registry.readers, data.reader)
    checked_options(reader, data.reader_options)
    return reader


def open_data(data: DataSettings, registry: Registry) -> tuple[Catalog, Decoder]:
    """The catalog, and what decodes its images; raises ``DatasetError``."""
    reader = reader_of(data, registry)
    catalog = read_catalog(
        data.path, registry.readers, reader=reader.name, options=data.reader_options
    )
    return catalog, reader.decode or decode
