"""The Plugins page: what each plugin adds, and what went wrong with some."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QWidget

from graftwork.gui.parts.banner import FailureBanner
from graftwork.gui.parts.boxes import GRID, Card, column, row, scrolling
from graftwork.gui.parts.page import Page
from graftwork.gui.parts.text import counted, label
from graftwork.gui.worker import Failure
from graftwork.plugin_host import LoadedPlugin, PluginFailure, Registry

_WIDEST_KIND = "Families of networks"


class PluginsPage(Page):
    """A card for each plugin; failures first."""

    def __init__(self, registry: Registry) -> None:
        super().__init__("Plugins", _summary(registry))
        self.failures = [failure_banner(failure) for failure in registry.failures]
        cards = [plugin_card(plugin, registry) for plugin in registry.plugins]
        inside = QWidget()
        inside.setLayout(column(*self.failures, *cards, None, gap=2 * GRID))
        self.body.addWidget(scrolling(inside))


def _summary(registry: Registry) -> str:
    text = f"{counted(len(registry.plugins), 'plugin')} in use"
    if registry.failures:
        text += f", {counted(len(registry.failures), 'failure')}"
    return text


def plugin_card(plugin: LoadedPlugin, registry: Registry) -> Card:
    """What one plugin adds, by the titles that the other pages show."""
    version = f"{plugin.distribution or 'no package'} {plugin.version or ''}".strip()
    card = Card(plugin.name.capitalize(), label(version, "small"))
    kinds = (
        ("Networks", [registry.backbones[name].title for name in plugin.backbones]),
        (_WIDEST_KIND, [registry.families[name].title for name in plugin.families]),
        ("Strategies", [registry.strategies[name].title for name in plugin.strategies]),
        ("Dataset readers", [registry.readers[name].title for name in plugin.readers]),
    )
    for kind, titles in kinds:
        if titles:
            card.body.addLayout(_line(kind, titles))
    return card


def _line(kind: str, titles: list[str]) -> QHBoxLayout:
    name = label(kind, "muted")
    name.setFixedWidth(max(140, name.fontMetrics().horizontalAdvance(_WIDEST_KIND) + GRID))
    line = row(name, label(",  ".join(titles), wrap=True))
    line.setAlignment(name, Qt.AlignmentFlag.AlignTop)
    line.setStretch(1, 1)
    return line


def failure_banner(failure: PluginFailure) -> FailureBanner:
    """What went wrong with a plugin, its traceback on request."""
    banner = FailureBanner()
    origin = f" of {failure.distribution}" if failure.distribution else ""
    message = f"{failure.plugin}{origin}, at {failure.step}: {failure.message}"
    banner.show_failure(Failure(message=message, details=failure.traceback))
    return banner
