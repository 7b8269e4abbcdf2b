"""Tells the users of screen readers what others see happen."""

from __future__ import annotations

from PySide6.QtGui import QAccessible, QAccessibleAnnouncementEvent
from PySide6.QtWidgets import QWidget


def announce(widget: QWidget, text: str) -> None:
    """Have a screen reader say this, wherever the focus is; nothing happens where none listens."""
    QAccessible.updateAccessibility(QAccessibleAnnouncementEvent(widget, text))
