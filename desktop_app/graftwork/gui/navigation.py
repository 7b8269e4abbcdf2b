"""The strip on the left: a button for each page."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QFont, QFontMetrics, QKeySequence
from PySide6.QtWidgets import QButtonGroup, QFrame, QLabel, QLayout, QSizePolicy, QToolButton

from .destinations import Destination
from .icons import icon, program_icon
from .parts.boxes import GRID, column, row
from .parts.focus import stop_at_checked
from .parts.text import label

_LEAST_WIDTH, _MARGIN = 143, 12


class Navigation(QFrame):
    """Ctrl+1, Ctrl+2, ... lead to the pages in their order."""

    wanted = Signal(int)

    def __init__(self, destinations: Sequence[Destination]) -> None:
        super().__init__()
        self.setObjectName("navigation")
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Preferred)
        self._group = QButtonGroup(self)
        self._group.idClicked.connect(self.wanted)
        buttons = [self._button(place, number) for number, place in enumerate(destinations)]
        stop_at_checked(self._group)
        above = [b for b, place in zip(buttons, destinations, strict=True) if not place.below]
        below = [b for b, place in zip(buttons, destinations, strict=True) if place.below]
        layout = column(_brand(), 2 * GRID, *above, None, *below, gap=4, margin=_MARGIN)
        layout.addStrut(_LEAST_WIDTH)
        layout.setSizeConstraint(QLayout.SizeConstraint.SetMinimumSize)  # pages give way before it
        self.setLayout(layout)

    def _button(self, place: Destination, number: int) -> QToolButton:
        made = _PlaceButton()
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


class _PlaceButton(QToolButton):
    """As wide as its name in bold, which it is once its page is shown: no page moves then."""

    def sizeHint(self) -> QSize:  # noqa: N802 - Qt's name
        """What Qt wants for the name as it is, and what bold adds."""
        bold = QFont(self.font())
        bold.setWeight(QFont.Weight.DemiBold)
        widths = [QFontMetrics(font).horizontalAdvance(self.text()) for font in (self.font(), bold)]
        return super().sizeHint() + QSize(max(0, widths[1] - widths[0]), 0)

    def minimumSizeHint(self) -> QSize:  # noqa: N802 - Qt's name
        """No narrower."""
        return self.sizeHint()


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
