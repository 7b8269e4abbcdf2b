"""Where the keyboard is: what Tab stops at, and what gets the focus when it would be lost."""

from __future__ import annotations

from itertools import pairwise

from PySide6.QtCore import Qt
from PySide6.QtGui import QFocusEvent
from PySide6.QtWidgets import QAbstractButton, QAbstractItemView, QButtonGroup, QWidget


def settle_focus(page: QWidget) -> None:
    """Give the focus, where a change of the view lost it, to what comes first on the page.

    Where nothing on the page takes it, it goes to what comes first in the window.
    """
    window = page.window()
    if page.isVisible() and not _holds_focus(window.focusWidget()):
        children = (*page.findChildren(QWidget), *window.findChildren(QWidget))
        stops = (child for child in children if child.window() == window and _is_stop(child))
        if (stop := next(stops, None)) is not None:
            stop.setFocus()


def _holds_focus(widget: QWidget | None) -> bool:
    """Whether keys reach something that the user sees and can use."""
    return widget is not None and widget.focusPolicy() > 0 and _is_usable(widget)


def _is_stop(widget: QWidget) -> bool:
    stops = bool(widget.focusPolicy() & Qt.FocusPolicy.TabFocus)
    return stops and widget.focusProxy() is None and _is_usable(widget)


def _is_usable(widget: QWidget) -> bool:
    return widget.isVisible() and widget.isEnabled()


def lead_tab_through(before: QWidget, form: QWidget) -> None:
    """Let Tab lead from this widget through the form, which was made later than what follows."""
    policies = ((child, child.focusPolicy()) for child in form.findChildren(QWidget))
    stops = [child for child, policy in policies if policy & Qt.FocusPolicy.TabFocus]
    own = [stop for stop in stops if stop.focusProxy() is None]  # not a part of another one
    for one, next_one in pairwise((before, *own)):
        QWidget.setTabOrder(one, next_one)


def choose_at_focus(view: QAbstractItemView, event: QFocusEvent) -> None:
    """Select the view's current item, or else its first, when it gets the focus by a key."""
    by_key = event.reason() != Qt.FocusReason.MouseFocusReason
    if by_key and not view.selectionModel().hasSelection():
        first = view.model().index(0, 0)
        view.setCurrentIndex(view.currentIndex() if view.currentIndex().isValid() else first)


class FocusKeeper:
    """Disables a widget for a while without losing the focus that it has.

    It gets the focus back when it is enabled, unless the user has moved that meanwhile.
    """

    def __init__(self, widget: QWidget) -> None:
        self._widget = widget
        self._was_focused = False
        self._meanwhile: QWidget | None = None

    def set_enabled(self, enabled: bool) -> None:
        """Enable the widget or disable it."""
        if enabled != self._widget.isEnabled():
            self._enable() if enabled else self._disable()

    def _disable(self) -> None:
        window = self._widget.window()
        self._was_focused = window.focusWidget() == self._widget
        self._widget.setEnabled(False)
        self._meanwhile = window.focusWidget()

    def _enable(self) -> None:
        self._widget.setEnabled(True)
        if self._was_focused and self._widget.window().focusWidget() == self._meanwhile:
            self._widget.setFocus()


def stop_at_checked(group: QButtonGroup) -> None:
    """Let Tab stop at the group's checked button alone, also where the program checked it.

    Qt sees to that only when a button gets the focus. Arrow keys lead to the others.
    """
    group.buttonToggled.connect(_follow_check)
    for button in group.buttons():
        _set_tab_stop(button, stops=button.isChecked())


def _follow_check(button: QAbstractButton, checked: bool) -> None:
    _set_tab_stop(button, stops=checked)
    if checked and button.window().focusWidget() in button.group().buttons():
        button.setFocus()


def _set_tab_stop(button: QAbstractButton, *, stops: bool) -> None:
    tab, policy = Qt.FocusPolicy.TabFocus, button.focusPolicy()
    button.setFocusPolicy(policy | tab if stops else policy & ~tab)
