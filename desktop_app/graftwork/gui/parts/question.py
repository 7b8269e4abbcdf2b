"""A question before something that cannot be taken back, or not easily."""

from __future__ import annotations

from PySide6.QtWidgets import QMessageBox, QWidget

_YES, _NO = QMessageBox.StandardButton.Ok, QMessageBox.StandardButton.Cancel


def ask(parent: QWidget, title: str, text: str, more: str, *, yes: str, no: str = "Cancel") -> bool:
    """Whether the user says yes; Enter and Escape do not.

    ``yes`` and ``no`` say what happens then, and stand on the buttons.
    """
    box = QMessageBox(parent)
    box.setIcon(QMessageBox.Icon.Question)
    box.setWindowTitle(title)
    box.setText(text)
    box.setInformativeText(more)
    box.setStandardButtons(_YES | _NO)
    box.button(_YES).setText(yes)
    box.button(_NO).setText(no)
    box.setDefaultButton(_NO)
    box.exec()
    agreed = box.clickedButton() is box.button(_YES)
    box.deleteLater()
    return agreed
