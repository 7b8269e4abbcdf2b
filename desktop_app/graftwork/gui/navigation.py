"""The strip on the left: a button for each page."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QKeySequence
from PySide6.QtWidgets import QButtonGroup, QFrame, QLabel, QSizePolicy, QToolButton

from .destinations import Destination
from .icons import icon, program_icon
from .parts.boxes import GRID, column, row
from .parts.focus import stop_at_checked
from .parts.text import label

WIDTH = 168


class Navigation(QFrame):
    """Ctrl+1, Ctrl+2, ... lead to the pages in their order."""

    wanted = Signal(int)

    def __init__(self, destinations: Sequence[Destination]) -> None:
        super().__init__()
        self.setObjectName("navigation")
        self.setFixedWidth(WIDTH)
        self._group = QButtonGroup(self)
        self._group.idClicked.connect(self.wanted)
        buttons = [self._button(place, number) for number, place in enumerate(destinations)]
        stop_at_checked(self._group)
        above = [b for b, place in zip(buttons, destinations, strict=True) if not place.below]
        below = [b for b, place in zip(buttons, destinations, strict=True) if place.below]
        self.setLayout(column(_brand(), 2 * GRID, *above, None, *below, gap=4, margin=12))

    def _button(self, place: Destination, number: int) -> QToolButton:
        made = QToolButton()
        made.setObjectName("nav")
        made.setText(f"  {place.name}")
        made.setIcon(icon(place.picture))
        made.setIconSize(QSize(20, 20))
        made.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        made.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        made.setCheckable(True)
        made.setShortcut(QKeySequence(f"Ctrl+{number + 1}"))
        made.setToolTip(f"{place.hint} (Ctrl+{number + 1})")
        made.setAccessibleName(place.name)
        made.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self._group.addButton(made, number)
        return made

    def show_place(self, number: int) -> None:
        """Mark this page as the one that is shown."""
        self._group.button(number).setChecked(True)

    @property
    def current(self) -> int:
        """The number of the page that is shown."""
        return self._group.checkedId()


def _brand() -> QFrame:
    picture = QLabel()
    picture.setPixmap(program_icon().pixmap(28, 28))
    name = label("Graftwork")
    name.setObjectName("brand")
    brand = QFrame()
    layout = row(picture, name, None)
    layout.setContentsMargins(6, 6, 0, 4)
    brand.setLayout(layout)
    return brand
