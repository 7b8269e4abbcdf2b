"""The window's actions, as a table; menus, shortcuts and buttons are made from it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from PySide6.QtGui import QAction, QActionGroup, QKeySequence
from PySide6.QtWidgets import QMenuBar, QWidget

from .icons import icon

MenuName = Literal["File", "View", "Help"]


@dataclass(frozen=True, kw_only=True)
class ActionRecord:
    """One action: where it stands, what it is called, and what it does.

    Actions with the same ``group`` exclude one another; ``checked`` says which one holds first.
    """

    menu: MenuName
    text: str
    do: Callable[[], object]
    keys: str = ""
    picture: str | None = None
    group: str | None = None
    checked: bool = False
    separated: bool = False


def fill_menus(bar: QMenuBar, records: Sequence[ActionRecord], owner: QWidget) -> None:
    """Put the actions into the menus of this bar, in their order."""
    menus = {name: bar.addMenu(f"&{name}") for name in dict.fromkeys(r.menu for r in records)}
    groups: dict[str, QActionGroup] = {}
    for record in records:
        action = _action(record, owner)
        if record.group:
            group = groups.setdefault(record.group, QActionGroup(owner))
            group.addAction(action)
        if record.separated:
            menus[record.menu].addSeparator()
        menus[record.menu].addAction(action)


def _action(record: ActionRecord, owner: QWidget) -> QAction:
    action = QAction(record.text, owner)
    action.triggered.connect(lambda: record.do())  # noqa: PLW0108 - not to be given "checked"
    if record.keys:
        action.setShortcut(QKeySequence(record.keys))
    if record.picture:
        action.setIcon(icon(record.picture))
    action.setCheckable(record.group is not None)
    action.setChecked(record.checked)
    return action
