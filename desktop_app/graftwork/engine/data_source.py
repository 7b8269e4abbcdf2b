"""Opens the images that a job or a person names, with the reader that knows them."""

from __future__ import annotations

from graftwork.data.catalog import find_reader, read_catalog
from graftwork.data.decoding import decode
from graftwork.plugin_api import Catalog, DatasetReader, Decoder
from graftwork.plugin_host.registry import Registry

from .job import DataSettings


def reader_of(data: DataSettings, registry: Registry) -> DatasetReader:
    """The reader that is asked for, or the first that knows the path; raises ``DatasetError``."""
    return find_reader(data.path, registry.readers, data.reader)


def open_data(data: DataSettings, registry: Registry) -> tuple[Catalog, Decoder]:
    """The catalog, and what decodes its images; raises ``DatasetError``."""
    reader = reader_of(data, registry)
    catalog = read_catalog(
        data.path, registry.readers, reader=reader.name, options=data.reader_options
    )
    return catalog, reader.decode or decode
