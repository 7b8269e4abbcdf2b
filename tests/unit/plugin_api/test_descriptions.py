"""What plugins hand over: frozen, spoken by keyword, with a few derived figures."""

from __future__ import annotations

import dataclasses
import inspect
import subprocess
import sys
from pathlib import Path

import pytest

from graftwork import plugin_api
from graftwork.plugin_api import (
    BackboneOutline,
    Catalog,
    DataOutline,
    DatasetError,
    DownloadedWeights,
    GraftworkError,
    Item,
    StageOutline,
    UnusableImageError,
    hookspecs,
)

DESCRIPTIONS = [
    found
    for name in plugin_api.__all__
    if dataclasses.is_dataclass(found := getattr(plugin_api, name))
]


@pytest.mark.parametrize("name", plugin_api.__all__)
def test_every_name_that_is_promised_is_there(name: str) -> None:
    assert getattr(plugin_api, name) is not None


def test_there_are_descriptions() -> None:
    assert len(DESCRIPTIONS) >= 14


@pytest.mark.parametrize("description", DESCRIPTIONS)
def test_descriptions_are_frozen_spoken_by_keyword_and_explained(description: type) -> None:
    parameters = description.__dataclass_params__
    assert parameters.frozen
    kinds = {p.kind for p in inspect.signature(description).parameters.values()}
    assert kinds <= {inspect.Parameter.KEYWORD_ONLY}
    assert description.__doc__
    assert not description.__doc__.startswith(f"{description.__name__}(")


@pytest.mark.parametrize(
    "hook",
    [
        f
        for _, f in inspect.getmembers(hookspecs, inspect.isfunction)
        if f.__module__ == hookspecs.__name__
    ],
)
def test_a_hook_is_one_sentence_and_says_that_it_is_to_be_implemented(hook: object) -> None:
    sentence = inspect.getdoc(hook) or ""
    assert "\n" not in sentence
    assert sentence.count(".") == 1
    assert sentence.endswith(".")
    with pytest.raises(NotImplementedError):
        hook()


def test_a_catalog_counts_in_class_order_and_knows_empty_classes() -> None:
    labels = ("wasp", "bee", "wasp")
    items = tuple(Item(path=Path(f"{n}.png"), label=label) for n, label in enumerate(labels))
    catalog = Catalog(root=Path(), classes=("wasp", "hornet", "bee"), items=items)
    assert list(catalog.counts().items()) == [("wasp", 2), ("hornet", 0), ("bee", 1)]


def test_outlines_add_up() -> None:
    stages = (StageOutline(name="stem", parameters=1), StageOutline(name="body", parameters=2))
    assert BackboneOutline(stages=stages, features=8).stage_names == ("stem", "body")
    data = DataOutline(training_images={"a": 3, "b": 4}, validation_images=1, test_images=1)
    assert data.total_training_images == 7


def test_downloaded_weights_are_kept_under_the_last_part_of_their_address() -> None:
    weights = DownloadedWeights(url="https://example.org/models/net-1234.pth", sha256="12345678")
    assert weights.filename == "net-1234.pth"


def test_a_data_sets_error_is_for_a_person_and_an_images_reason_is_for_its_list() -> None:
    assert issubclass(DatasetError, GraftworkError)
    assert not issubclass(UnusableImageError, DatasetError)


def test_the_interface_brings_neither_torch_nor_qt_nor_the_rest_of_graftwork() -> None:
    program = (
        "import sys, graftwork.plugin_api\n"
        "heavy = {'torch', 'PySide6', 'numpy', 'PIL'} & set(sys.modules)\n"
        "rest = [name for name in sys.modules if name.startswith('graftwork.')\n"
        "        and not name.startswith('graftwork.plugin_api')]\n"
        "assert not heavy and not rest, (heavy, rest)\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True)
