"""Chooses network, strategy and numbers, side by side."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QWidget

from graftwork.engine.job import TrainingJob
from graftwork.gui.data.opening import Wish
from graftwork.gui.form.settings_form import SettingsForm
from graftwork.gui.parts.boxes import GRID, Card, column, row, scrolling
from graftwork.gui.parts.buttons import button
from graftwork.gui.parts.choice_list import ChoiceList
from graftwork.gui.parts.focus import lead_tab_through
from graftwork.gui.parts.text import label
from graftwork.plugin_api import Backbone, Strategy
from graftwork.plugin_host import Registry
from graftwork.settings import Settings

from .choices import backbone_choice, backbone_choices, strategy_choices
from .numbers import MAIN, group_headings, make_job, numbers_model
from .start_line import StartLine
from .strategy_forms import StrategyForms

if TYPE_CHECKING:
    from graftwork.runs.starting_point import StartingPoint

_WIDEST_FORM = 90 * GRID
"""Pixels: farther from their names, fields could not be told apart."""


class TrainSetup(QWidget):
    """Everything of a job but its data."""

    changed = Signal()
    rate_wanted = Signal()
    network_wanted = Signal()

    def __init__(self, registry: Registry, settings: Settings) -> None:
        super().__init__()
        self._registry = registry
        self._settings = settings
        self.wanted = settings.backbone or ""
        self.backbones = ChoiceList("Network", backbone_choices(registry.backbones.values()))
        self.strategies = ChoiceList("Strategy", strategy_choices(registry.strategies.values()))
        self.forms = StrategyForms(registry.strategies)
        model = numbers_model()
        folded = frozenset(model.model_fields) - MAIN
        self.numbers = SettingsForm(model, folded=folded, headings=group_headings())
        self.start = StartLine()
        self.other_network = button("Another network…", self.network_wanted.emit)
        self.find_rate = button("Find a rate…", self.rate_wanted.emit)
        self._settings_card = self._make_settings_card()
        self._lay_out()
        self.other_network.setVisible(bool(registry.families))
        self._listen()
        self.backbones.choose(self.wanted)
        self.strategies.choose(settings.strategy or "")
        if self.misses_wanted:
            settings.backbone = self.wanted  # until it is there, or another one is chosen

    def _make_settings_card(self) -> Card:
        reset = button("Reset to defaults", self.reset, kind="quiet", picture="reset")
        numbers = label("For every strategy", "heading")
        inside = QWidget()
        upper = (self.forms, row(self.find_rate, None), GRID)
        lower = (numbers, self.numbers, GRID, row(reset), None)
        inside.setLayout(column(*upper, *lower, gap=12, margin=4))
        card = Card("3  Settings", scrolling(inside), margin=12)
        card.setMaximumWidth(_WIDEST_FORM)
        return card

    def _lay_out(self) -> None:
        others = row(self.other_network, None)
        network = Card("1  The network to start from", self.backbones, others, margin=12)
        strategy = Card("2  How to transfer", self.strategies, margin=12)
        cards = row(network, strategy, self._settings_card, gap=2 * GRID)
        for number, card in enumerate((network, strategy, self._settings_card)):
            card.heading.setWordWrap(True)
            cards.setStretch(number, 1)
        layout = column(self.start, cards, gap=2 * GRID)
        layout.setStretch(1, 1)
        self.setLayout(layout)

    def _listen(self) -> None:
        self.backbones.chosen.connect(self._note_backbone)
        self.backbones.clicked.connect(self._note_click)
        self.strategies.chosen.connect(self._show_form)
        self.start.changed.connect(self._note_start)
        for form in (self.numbers, self.forms):
            form.changed.connect(self.changed)

    def reset(self) -> None:
        """Enter the defaults of the chosen strategy and of the numbers."""
        self.numbers.reset()
        self.form.reset()

    @property
    def form(self) -> SettingsForm:
        """The settings of the chosen strategy; there is always one chosen."""
        assert self.forms.current is not None
        return self.forms.current

    def problems(self) -> list[str]:
        """Why what is entered makes no job, in sentences."""
        form = self.forms.current
        of_strategy = ["No plugin has a strategy."] if form is None else form.problem_texts()
        return [*of_strategy, *self.numbers.problem_texts()]

    def job(self, wish: Wish) -> TrainingJob:
        """The job on this data; raises ``pydantic.ValidationError``."""
        return make_job(
            wish,
            self._backbone,
            self.strategies.current or "",
            self.form.values(),
            self.numbers.values(),
            self.start.start,
        )

    @property
    def _backbone(self) -> str:
        """The one chosen; an earlier run's weights fit its own alone, which may not be listed."""
        point = self.start.point
        return point.job.backbone if point else self.backbones.current or ""

    def start_from(self, point: StartingPoint) -> None:
        """Start from this run's weights, with its settings until others are entered."""
        job = point.job
        self.backbones.choose(job.backbone)
        self.strategies.choose(job.strategy)
        self.reset()
        self.use(job.strategy_settings)
        self.numbers.set_values(point.numbers)
        self.start.show_point(point)

    def add_backbone(self, backbone: Backbone) -> None:
        """Offer a network that was not listed, and choose it."""
        self.backbones.add(backbone_choice(backbone))

    @property
    def misses_wanted(self) -> bool:
        """Whether the network that was chosen last is not listed, but some family may know it."""
        listed = list(self._registry.backbones)  # to ask for a name would build the network
        return self.wanted not in listed and self.wanted.split("/")[0] in self._registry.families

    def bring_back(self, backbone: Backbone) -> None:
        """Choose the network that was chosen last, unless another one was chosen meanwhile."""
        if self._settings.backbone == self.wanted and self.start.point is None:
            self.add_backbone(backbone)

    def use(self, settings: Mapping[str, Any]) -> None:
        """Enter these into the form of the chosen strategy."""
        self.form.set_values(settings)

    def _note_backbone(self, name: str) -> None:
        self._settings.backbone = name
        self.changed.emit()

    def _note_click(self) -> None:
        """What was chosen already may be clicked, too: then it is wanted."""
        self._settings.backbone = self.backbones.current

    def _note_start(self) -> None:
        for choice in (self.backbones, self.other_network):
            choice.setEnabled(self.start.point is None)
        self.changed.emit()

    def _show_form(self, name: str) -> None:
        self._settings.strategy = name
        title = self._registry.strategies[name].title
        self._settings_card.heading.setText(f"3  Settings of “{title}”")
        self.forms.choose(name)
        lead_tab_through(self.strategies, self.form)
        self.find_rate.setVisible(_has_rate(self._registry.strategies[name]))
        self.changed.emit()


def _has_rate(strategy: Strategy) -> bool:
    """Whether it learns by steps of some rate, that could be looked for."""
    return any(name == "rate" or name.endswith("_rate") for name in strategy.settings.model_fields)
