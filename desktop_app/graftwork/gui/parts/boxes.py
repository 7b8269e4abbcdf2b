"""Boxes: rows and columns on the 8-pixel grid, cards, and pages that scroll."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, QSize, Qt
from PySide6.QtWidgets import (
    QBoxLayout,
    QFrame,
    QHBoxLayout,
    QLayout,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from .text import label

GRID = 8

Part = QWidget | QLayout | int | None
"""A widget, a layout, a gap in pixels, or None for what takes the room that is left."""


def column(*parts: Part, gap: int = GRID, margin: int = 0) -> QVBoxLayout:
    """Parts one below the other."""
    layout = QVBoxLayout()
    _fill(layout, parts, gap, margin)
    return layout


def row(*parts: Part, gap: int = GRID, margin: int = 0) -> QHBoxLayout:
    """Parts side by side."""
    layout = QHBoxLayout()
    _fill(layout, parts, gap, margin)
    return layout


def _fill(layout: QBoxLayout, parts: tuple[Part, ...], gap: int, margin: int) -> None:
    layout.setSpacing(gap)
    layout.setContentsMargins(margin, margin, margin, margin)
    for part in parts:
        _add(layout, part)


def _add(layout: QBoxLayout, part: Part) -> None:
    match part:
        case QWidget():
            layout.addWidget(part)
        case QLayout():
            layout.addLayout(part)
        case int():
            layout.addSpacing(part)
        case None:
            layout.addStretch(1)


class Card(QFrame):
    """A surface with a heading, under which things that belong together stand."""

    def __init__(self, heading: str = "", *parts: Part, margin: int = 2 * GRID) -> None:
        super().__init__()
        self.setObjectName("card")
        self.heading = label(heading, "heading")
        self.body = column(self.heading, *parts, margin=margin)
        self.setLayout(self.body)
        self.heading.setVisible(bool(heading))


def holder(layout: QLayout) -> QWidget:
    """A widget that does nothing but hold this layout."""
    widget = QWidget()
    layout.setContentsMargins(0, 0, 0, 0)
    widget.setLayout(layout)
    return widget


def scrolling(content: QWidget) -> QScrollArea:
    """The widget in an area that scrolls up and down, never sideways."""
    content.setObjectName("page")
    area = _UprightArea()
    area.setWidgetResizable(True)
    area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
    area.setFrameShape(QFrame.Shape.NoFrame)
    area.setWidget(content)
    area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
    return area


class _UprightArea(QScrollArea):
    """Wants to be as wide as its content needs, of which else a part could not be reached."""

    def minimumSizeHint(self) -> QSize:  # noqa: N802 - Qt's name
        """As wide as the content and the bar beside it."""
        content, height = self.widget(), super().minimumSizeHint().height()
        wide = content.minimumSizeHint().width() if content else 0
        return QSize(wide + self.verticalScrollBar().sizeHint().width(), height)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802 - Qt's name
        """Notice when the content comes to need another width."""
        if event.type() == QEvent.Type.LayoutRequest:
            self.updateGeometry()
        return super().eventFilter(watched, event)


def clear(layout: QLayout) -> None:
    """Take all widgets out of the layout and let them go."""
    while (item := layout.takeAt(0)) is not None:
        if (widget := item.widget()) is not None:
            widget.hide()
            widget.deleteLater()
