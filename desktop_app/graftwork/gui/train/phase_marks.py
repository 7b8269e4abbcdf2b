"""Lines at the beginnings of phases, each with as much of its name as has room beside it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise

import pyqtgraph as pg
from PySide6.QtCore import QObject, Qt
from PySide6.QtGui import QFontMetricsF

from graftwork.gui.colors import current_colors

_RIGHT_OF_THE_LINE = (0, 0.5)
_NEAR_THE_BOTTOM = 0.06
_MARGIN = 2


class PhaseMarks(QObject):
    """Where phases begin in a plot; with ``named``, each name stands to the right of its line."""

    def __init__(self, plot: pg.PlotWidget, *, named: bool) -> None:
        super().__init__(plot)
        self._plot = plot
        self._named = named
        self._phases: list[tuple[float, str]] = []
        self.lines: list[pg.InfiniteLine] = []
        view = plot.getViewBox()
        view.sigXRangeChanged.connect(self._fit_names)
        view.sigResized.connect(self._fit_names)

    def show_phases(self, phases: Sequence[tuple[float, str]]) -> None:
        """Mark these: each at its place on the axis (on a log axis: the logarithm)."""
        if list(phases) != self._phases:
            for gone in self.lines:
                self._plot.removeItem(gone)
            self._phases = list(phases)
            self.lines = [self._line(place, name) for place, name in phases]
            self.dress()
        self._fit_names()

    def _line(self, place: float, name: str) -> pg.InfiniteLine:
        line = pg.InfiniteLine(place, label="" if self._named else None, labelOpts=_label_options())
        line.setToolTip(name)
        if self._named:
            self._make_small(line.label)
        self._plot.addItem(line)
        return line

    def _make_small(self, label: pg.InfLineLabel) -> None:
        label.setFont(self._plot.getAxis("bottom").label.font())
        label.textItem.document().setDocumentMargin(_MARGIN)

    def dress(self) -> None:
        """Take the theme's colors."""
        colors = current_colors()
        for line in self.lines:
            line.setPen(pg.mkPen(colors.strong_border, style=Qt.PenStyle.DashLine))
            if self._named:
                line.label.setColor(colors.muted)

    def _fit_names(self) -> None:
        if not self._named or not self.lines:
            return
        view = self._plot.getViewBox()
        end = view.viewRange()[0][1]
        places = [place for place, _ in self._phases]
        for line, (place, following) in zip(self.lines, pairwise([*places, end]), strict=True):
            _write(line.label, line.toolTip(), (following - place) / view.viewPixelSize()[0])


def _label_options() -> dict[str, object]:
    sides = [_RIGHT_OF_THE_LINE, _RIGHT_OF_THE_LINE]
    return {"position": _NEAR_THE_BOTTOM, "angle": 0, "anchors": sides}


def _write(label: pg.InfLineLabel, name: str, room: float) -> None:
    """Show what fits of the name into ``room`` pixels."""
    text = label.textItem
    advance = QFontMetricsF(text.font()).horizontalAdvance
    shown = shortened(name, room - 2 * _MARGIN, advance)
    label.setFormat(shown.replace("{", "{{").replace("}", "}}"))


def shortened(name: str, room: float, width: Callable[[str], float]) -> str:
    """The name, as many whole words of it as have room, at least its first one, or nothing."""
    words = name.split()
    begun = [" ".join(words[:count]) + "…" for count in range(len(words) - 1, 0, -1)]
    return next((text for text in (name, *begun, *words[:1]) if width(text) <= room), "")
