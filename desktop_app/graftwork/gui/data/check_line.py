"""A slim line that tells how far the check of all images is."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Slot
from PySide6.QtWidgets import QProgressBar, QWidget

from graftwork.engine.events import Progress
from graftwork.gui.parts.boxes import row
from graftwork.gui.parts.buttons import button
from graftwork.gui.parts.text import label


class CheckLine(QWidget):
    """Hidden until there is progress to show."""

    def __init__(self, on_skip: Callable[[], object]) -> None:
        super().__init__()
        self._what = label(role="small")
        self._bar = QProgressBar()
        self._bar.setTextVisible(False)
        self._bar.setAccessibleName("Check of the images")
        line = row(self._what, self._bar, button("Skip", on_skip, kind="quiet"))
        line.setStretch(1, 1)
        self.setLayout(line)
        self.hide()

    @Slot(object)
    def show_progress(self, progress: Progress) -> None:
        """Show how far it is."""
        self._bar.setRange(0, progress.total)
        self._bar.setValue(progress.done)
        self._what.setText(f"{progress.what}: {progress.done:,} of {progress.total:,}")
        self.show()
