"""Where the keyboard is: which of several buttons Tab stops at."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QAbstractButton, QButtonGroup


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
