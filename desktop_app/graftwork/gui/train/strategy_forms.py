"""The settings of the chosen strategy."""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtCore import Signal

from graftwork.gui.form.settings_form import SettingsForm
from graftwork.gui.parts.fitting_stack import FittingStack
from graftwork.plugin_api import Strategy


class StrategyForms(FittingStack):
    """A form for each strategy, made when it is first chosen: few of them ever are."""

    changed = Signal()

    def __init__(self, strategies: Mapping[str, Strategy]) -> None:
        super().__init__()
        self._strategies = strategies
        self._forms: dict[str, SettingsForm] = {}
        self.current: SettingsForm | None = None

    def choose(self, name: str) -> None:
        """Show the form of the strategy of this name, with what was entered before."""
        if name not in self._forms:
            self._forms[name] = self._make(name)
        self.current = self._forms[name]
        self.show_page(self.current)

    def _make(self, name: str) -> SettingsForm:
        form = SettingsForm(self._strategies[name].settings)
        form.changed.connect(self.changed)
        self.add(form)
        return form
