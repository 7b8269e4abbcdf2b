"""Finding a network that is not listed through the window."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

import graftwork_datasets
import graftwork_strategies
from graftwork.gui.destinations import TRAIN
from graftwork.gui.main_window import MainWindow
from graftwork.gui.pages import Pages
from graftwork.gui.train.network_dialog import NetworkDialog
from graftwork.gui.train.page import TrainPage
from graftwork.gui.train.setup import TrainSetup
from graftwork.paths import runs_folder
from graftwork.plugin_api import Backbone, BackboneFamily, GraftworkError, hookimpl
from graftwork.plugin_host import build_registry
from graftwork.runs.store import RunStore
from graftwork.runs.workshop import Workshop
from graftwork.settings import Settings
from support import tiny

from .conftest import LONG
from .test_main_job import click, train_page


def _find(name: str) -> Backbone:
    if name == "broken":
        msg = "The network broken cannot be described."
        raise GraftworkError(msg)
    return replace(tiny.TINY, name=f"family/{name}", title=f"Family {name}")


class _Plugin:
    """A plugin with a family of networks that are tiny."""

    GRAFTWORK_API = 1

    @hookimpl
    def register_backbone_families(self) -> Iterable[BackboneFamily]:
        names = ["oak_small", "oak_large", "elm_small", "broken"]
        return [
            BackboneFamily(
                name="family",
                title="Family",
                summary="For tests",
                networks=lambda: names,
                find=_find,
            )
        ]


@pytest.fixture
def workshop() -> Workshop:
    plugins = (tiny.PLUGIN, graftwork_strategies, graftwork_datasets, _Plugin())
    registry = build_registry([(str(number), plugin) for number, plugin in enumerate(plugins)])
    assert registry.failures == ()
    return Workshop(registry, RunStore(runs_folder()))


@pytest.fixture
def page(window: MainWindow, pages: Pages) -> TrainPage:
    window.go_to(TRAIN)
    return train_page(pages)


def _open(qtbot: QtBot, page: TrainPage) -> NetworkDialog:
    click(qtbot, page.setup.other_network)
    widgets = QApplication.topLevelWidgets()
    dialog = next(w for w in widgets if isinstance(w, NetworkDialog) and w.isVisible())
    qtbot.waitUntil(lambda: _shown(dialog) == 4, timeout=LONG)
    assert not dialog.use.isEnabled()
    return dialog


def _shown(dialog: NetworkDialog) -> int:
    return dialog.list.model().rowCount()


def _choose(dialog: NetworkDialog, part: str) -> None:
    dialog.filter.setText(part)
    assert _shown(dialog) == 1
    dialog.list.setCurrentIndex(dialog.list.model().index(0, 0))
    assert dialog.use.isEnabled()


def test_a_network_is_found_by_a_part_of_its_name_and_chosen(qtbot: QtBot, page: TrainPage) -> None:
    listed = page.setup.backbones.model().rowCount()
    for _ in range(2):  # the second time, it is listed already
        dialog = _open(qtbot, page)
        _choose(dialog, "OAK_l")
        with qtbot.waitSignal(dialog.finished, timeout=LONG):
            qtbot.mouseClick(dialog.use, Qt.MouseButton.LeftButton)
        assert page.setup.backbones.current == "family/oak_large"
        assert page.setup.backbones.model().rowCount() == listed + 1


def test_all_words_are_looked_for_and_none_that_fits_is_told(qtbot: QtBot, page: TrainPage) -> None:
    dialog = _open(qtbot, page)
    for text, fitting in (("small OAK", 1), ("small", 2), ("oak beech", 0), ("a(", 0), ("", 4)):
        dialog.filter.setText(text)
        assert _shown(dialog) == fitting
        assert dialog.none.isVisible() is (fitting == 0)
    dialog.reject()


def test_a_network_is_asked_for_once(qtbot: QtBot, page: TrainPage) -> None:
    dialog = _open(qtbot, page)
    found: list[Backbone] = []
    dialog.found.connect(found.append)
    _choose(dialog, "elm")
    with qtbot.waitSignal(dialog.found, timeout=LONG):
        qtbot.mouseClick(dialog.use, Qt.MouseButton.LeftButton)
        assert not dialog.list.isEnabled()
        qtbot.keyClick(dialog.list, Qt.Key.Key_Return)
    assert [one.name for one in found] == ["family/elm_small"]


def test_what_is_wrong_with_a_network_is_said(qtbot: QtBot, page: TrainPage) -> None:
    before = page.setup.backbones.current
    dialog = _open(qtbot, page)
    _choose(dialog, "broken")
    qtbot.mouseClick(dialog.use, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: "cannot be described" in dialog._failure.text, timeout=LONG)
    assert dialog.use.isEnabled()
    assert dialog.list.isEnabled()
    dialog.close()
    assert page.setup.backbones.current == before


def test_nothing_is_chosen_where_nothing_matches(qtbot: QtBot, page: TrainPage) -> None:
    dialog = _open(qtbot, page)
    _choose(dialog, "elm")
    dialog.filter.setText("willow")
    assert _shown(dialog) == 0
    assert not dialog.use.isEnabled()
    dialog.close()


@pytest.mark.parametrize("settings", [Settings(backbone="family/oak_small")])
def test_a_network_that_was_found_is_chosen_again_at_the_next_start(
    qtbot: QtBot, page: TrainPage, settings: Settings
) -> None:
    qtbot.waitUntil(lambda: page.setup.backbones.current == "family/oak_small", timeout=LONG)
    assert settings.backbone == "family/oak_small"


@pytest.fixture
def early(qtbot: QtBot, workshop: Workshop) -> TrainSetup:
    """A setup whose network of last time is not there yet."""
    setup = TrainSetup(workshop.registry, Settings(backbone="family/oak_small"))
    qtbot.addWidget(setup)
    assert setup.misses_wanted
    return setup


def test_a_network_that_did_not_come_back_yet_is_not_forgotten(early: TrainSetup) -> None:
    assert early.backbones.current == "tiny"
    assert early._settings.backbone == "family/oak_small"


def test_a_network_does_not_come_back_where_another_was_chosen(early: TrainSetup) -> None:
    early.add_backbone(_find("elm"))
    early.bring_back(_find("oak_small"))
    assert early.backbones.current == "family/elm"


def test_a_click_on_what_is_chosen_already_is_a_choice(qtbot: QtBot, early: TrainSetup) -> None:
    early.show()
    place = early.backbones.visualRect(early.backbones.currentIndex()).center()
    qtbot.mouseClick(early.backbones.viewport(), Qt.MouseButton.LeftButton, pos=place)
    early.bring_back(_find("oak_small"))
    assert early.backbones.current == "tiny"


def test_what_no_family_knows_is_not_waited_for(qtbot: QtBot, workshop: Workshop) -> None:
    setup = TrainSetup(workshop.registry, Settings(backbone="gone/oak"))
    qtbot.addWidget(setup)
    assert not setup.misses_wanted
    assert setup._settings.backbone == "tiny"
