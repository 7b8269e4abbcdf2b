"""Opens the images that a job or a person names, with the reader that knows them."""

from __future__ import annotations

from graftwork.data.catalog import check_there, checked_options, find_reader, read_catalog
from graftwork.data.decoding import decode
from graftwork.plugin_api import Catalog, DatasetReader, Decoder
from graftwork.plugin_host.registry import Registry

from .job import DataSettings


def reader_of(data: DataSettings, registry: Registry) -> DatasetReader:
    """The reader that is asked for, or the first that knows the path.

    Raises ``DatasetError`` or ``UnknownNameError``; one that is asked for needs no data.
    """
    if data.reader:
        return registry.reader(data.reader)
    return find_reader(data.path, registry.readers)


def checked_reader(data: DataSettings, registry: Registry) -> DatasetReader:
    """The reader, where the data are there and it can be told their options.

    Raises ``DatasetError`` or ``UnknownNameError``.
    """
    check_there(data.path)
    reader = reader_of(data, registry)
    checked_options(reader, data.reader_options)
    return reader


def open_data(data: DataSettings, registry: Registry) -> tuple[Catalog, Decoder]:
    """The catalog, and what decodes its images.

    Raises ``DatasetError`` or ``UnknownNameError``.
    """
    reader = reader_of(data, registry)
    return read_catalog(data.path, reader, data.reader_options), reader.decode or decode
