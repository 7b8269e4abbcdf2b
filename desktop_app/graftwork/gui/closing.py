"""Asks before a run that is at work is ended by closing the window."""

from __future__ import annotations

from PySide6.QtWidgets import QMessageBox, QWidget


def ask_to_close(window: QWidget) -> bool:
    """Whether to stop the training, keep its best weights, and close."""
    box = closing_question(window)
    box.exec()
    answer = box.clickedButton()
    box.deleteLater()
    return answer is box.button(QMessageBox.StandardButton.Ok)


def closing_question(window: QWidget) -> QMessageBox:
    """The question; "Ok" stands for stopping."""
    box = QMessageBox(window)
    box.setIcon(QMessageBox.Icon.Question)
    box.setWindowTitle("Training is under way")
    box.setText("A network is being trained.")
    box.setInformativeText("If you stop now, the best weights so far are kept with the run.")
    box.setStandardButtons(QMessageBox.StandardButton.Ok | QMessageBox.StandardButton.Cancel)
    box.button(QMessageBox.StandardButton.Ok).setText("Stop and keep the best")
    box.button(QMessageBox.StandardButton.Cancel).setText("Go on training")
    box.setDefaultButton(QMessageBox.StandardButton.Cancel)
    return box
