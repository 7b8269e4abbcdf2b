from __future__ import annotations

import pytest

import graftwork_datasets
from graftwork.plugin_api import API_VERSION, DatasetReader

READERS = list(graftwork_datasets.register_dataset_readers())


def test_the_plugin_names_its_readers_and_the_version_it_was_written_for() -> None:
    assert graftwork_datasets.GRAFTWORK_API == API_VERSION
    assert [reader.name for reader in READERS] == ["class-folders", "table"]


@pytest.mark.parametrize("reader", READERS, ids=lambda reader: reader.name)
def test_every_option_can_be_left_and_says_what_it_is_for(reader: DatasetReader) -> None:
    options = reader.options()
    assert options.model_config["frozen"]
    for name, field in reader.options.model_fields.items():
        assert field.description, name
