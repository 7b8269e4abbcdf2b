"""One chart: curves with axes, a legend, and a mark where each phase begins."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QEvent, Qt
from PySide6.QtWidgets import QWidget

from graftwork.gui.colors import current_colors
from graftwork.gui.parts.boxes import Card, row
from graftwork.gui.parts.text import label

from .axis import ShortAxis
from .curves import ChartLook, Curve
from .legend import Legend
from .phase_marks import PhaseMarks
from .strokes import stroke_of

_LEAST_POWERS = 0.5
"""Powers of ten along a logarithmic axis: along fewer, what hardly changes seems to fall far."""


class Chart(Card):
    """Draws what it is given; nothing is read or computed here.

    ``left_out`` is for whoever shows it.
    """

    def __init__(self, look: ChartLook, parent: QWidget | None = None) -> None:
        along = ShortAxis("bottom", counts=look.x_axis == "epochs")
        axes = {"left": ShortAxis("left"), "bottom": along}
        self._plot = pg.PlotWidget(axisItems=axes, enableMenu=False)
        self._legend = Legend()
        head = row(label(look.title, "muted"), self._legend)
        head.setStretch(1, 1)
        super().__init__("", head, self._plot, margin=10)
        self.setParent(parent)
        self.look = look
        self.left_out = False
        self._lines: dict[str, pg.PlotDataItem] = {}
        self._marks = PhaseMarks(self._plot, named=look.phases == "named")
        self._adopt_menu()
        self._numbered: bool | None = None
        self._prepare()
        self._number_axes(something=False)
        self._dress()

    def _adopt_menu(self) -> None:
        """Let the menu that every plot makes for itself go when the chart goes."""
        menu = self._plot.getPlotItem().ctrlMenu
        menu.setParent(self, menu.windowFlags())

    def _prepare(self) -> None:
        self.body.setSpacing(2)
        self._plot.setAccessibleName(self.look.title)
        self._plot.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._plot.setMinimumHeight(96)
        self._plot.hideButtons()
        self._plot.setMouseEnabled(x=False, y=False)
        self._plot.setLogMode(x=self.look.powers is not None, y=self.look.logarithmic)
        self._plot.setLabel("bottom", self.look.x_axis)
        self._plot.showGrid(y=True, alpha=0.25)
        self._plot.getAxis("left").setWidth(46)
        self._plot.enableAutoRange()
        if self.look.powers:
            self._plot.setXRange(*self.look.powers, padding=0.02)
        for side in ("left", "bottom"):
            self._plot.getAxis(side).enableAutoSIPrefix(enable=False)
            font = self.font()
            font.setPointSizeF(font.pointSizeF() * 0.85)
            self._plot.getAxis(side).setStyle(tickFont=font)
            self._plot.getAxis(side).label.setFont(font)

    def show_curves(self, curves: Sequence[Curve], phases: Sequence[tuple[float, str]]) -> None:
        """Draw these, and a line at the beginning of each phase (on a log axis: its logarithm)."""
        for gone in set(self._lines) - {curve.name for curve in curves}:
            self._plot.removeItem(self._lines.pop(gone))
        for curve in curves:
            self._show_curve(curve)
        self._legend.show_curves(curves)
        self._number_axes(something=any(len(_drawable(curve)[0]) for curve in curves))
        if self.look.from_zero:
            self._fit_from_zero(curves)
        if self.look.logarithmic and curves:
            self._fit_powers(curves)
        if self.look.phases != "none":
            self._marks.show_phases(phases)

    @property
    def shows_something(self) -> bool:
        """Whether any curve has a value."""
        return bool(self._numbered)

    def _number_axes(self, *, something: bool) -> None:
        """Numbers along nothing would be made up."""
        if something == self._numbered:
            return
        self._numbered = something
        for side in ("left", "bottom"):
            self._plot.getAxis(side).setTicks(None if something else [])

    def _fit_from_zero(self, curves: Sequence[Curve]) -> None:
        top = max((value for curve in curves for value in _drawable(curve)[1]), default=1.0)
        self._plot.setYRange(0, self.look.top or top or 1.0, padding=0.07)

    def _fit_powers(self, curves: Sequence[Curve]) -> None:
        """All values; but a rate that ends at next to nothing must not flatten all before."""
        values = np.concatenate([_drawable(curve, logarithmic=True)[1] for curve in curves])
        if len(values):
            top, bottom = math.log10(values.max()), math.log10(values.min())
            most = self.look.most_powers or math.inf
            bottom = min(max(bottom, top - most), top - _LEAST_POWERS)
            self._plot.setYRange(bottom, top, padding=0.07)

    def _show_curve(self, curve: Curve) -> None:
        line = self._lines.get(curve.name)
        if line is None:
            line = self._lines[curve.name] = self._plot.plot(name=curve.name or None)
        line.setData(*_drawable(curve, logarithmic=self.look.logarithmic))
        self._paint(line, curve)

    def _paint(self, line: pg.PlotDataItem, curve: Curve) -> None:
        stroke = stroke_of(curve)
        line.setPen(stroke.pen)
        line.setZValue(0 if curve.faint else 1)
        line.setSymbol(stroke.marker)
        line.setSymbolSize(stroke.size)
        line.setSymbolPen(None)
        line.setSymbolBrush(stroke.pen.color())

    def changeEvent(self, event: QEvent) -> None:  # noqa: N802 - Qt's name
        """Follow the theme."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange and hasattr(self, "look"):
            self._dress()

    def _dress(self) -> None:
        colors = current_colors()
        self._plot.setBackground(colors.surface)
        for side in ("left", "bottom"):
            axis = self._plot.getAxis(side)
            axis.setPen(pg.mkPen(colors.border))
            axis.setTextPen(colors.muted)
        self._marks.dress()


def _drawable(curve: Curve, *, logarithmic: bool = False) -> tuple[np.ndarray, np.ndarray]:
    """The curve without what cannot be drawn: infinite values, and zeros on a log axis."""
    x, y = np.asarray(curve.x, float), np.asarray(curve.y, float)
    good = np.isfinite(y) & ((y > 0) | (not logarithmic))
    return x[good], y[good]
