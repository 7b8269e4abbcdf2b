"""Shows what the augmentation that is set now does to the user's own images."""

from __future__ import annotations

from collections.abc import Callable

from pydantic import ValidationError
from PySide6.QtCore import QTimer, Slot
from PySide6.QtGui import QShowEvent

from graftwork.engine.job import TrainingJob
from graftwork.gui.data.opening import Opened, Wish
from graftwork.gui.data.state import DataState
from graftwork.gui.parts.boxes import GRID, Card, holder, row
from graftwork.gui.parts.buttons import button
from graftwork.gui.parts.foldable import Foldable
from graftwork.gui.parts.text import ElidedLabel
from graftwork.gui.tasks import Tasks
from graftwork.gui.worker import Failure, GeneratorThread

from .example_strip import ExampleStrip
from .examples import ExampleWish, Preview, make_preview

_NO_DATA = "Open a data set on the Data page: its images are shown here."
_REST = 250
"""Milliseconds without a change after which the preview is made."""


class AugmentationCard(Card):
    """Closed at first; while it is open, it follows the settings."""

    def __init__(
        self, data: DataState, tasks: Tasks, make_job: Callable[[Wish], TrainingJob]
    ) -> None:
        self._data = data
        self._tasks = tasks
        self._make_job = make_job
        self._wish: ExampleWish | None = None
        self._thread: GeneratorThread | None = None
        self._again = 0
        self.strip = ExampleStrip()
        self.sentence = ElidedLabel(_NO_DATA, "small", sentence=True)
        self.again = button("Other examples", self._choose_others, kind="quiet", picture="reset")
        beside = row(self.sentence, self.again)
        beside.setStretch(0, 1)
        self.fold = Foldable("What augmentation does", holder(row(self.strip)), holder(beside))
        super().__init__("", self.fold, margin=GRID)
        self._timer = QTimer(self, singleShot=True, interval=_REST)
        self._timer.timeout.connect(self._begin)
        self.fold.toggled.connect(self.follow)
        data.opened.connect(self.follow)
        data.checked.connect(self.follow)
        self._show(Preview(sentence=_NO_DATA, examples=()))

    @Slot()
    def follow(self) -> None:
        """The settings or the images may be others by now."""
        if self.fold.is_open and self.isVisible():
            self._timer.start()

    def showEvent(self, event: QShowEvent) -> None:  # noqa: N802 - Qt's name
        """Catch up with what was set meanwhile."""
        super().showEvent(event)
        self.follow()

    def _choose_others(self) -> None:
        self._again += 1
        self.follow()

    @Slot()
    def _begin(self) -> None:
        """Make what is wanted now, unless that is what is shown or under way."""
        wish = self._wanted(self._data.current)
        if wish is None or wish == self._wish:
            return
        self._stop()
        self._wish = wish
        self.sentence.setText("Changing a few images…")
        self._thread = self._tasks.start(
            lambda: make_preview(wish, self._data.registry),
            returned=lambda preview: self._take(preview, wish),
            failed=lambda failure: self._take_failure(failure, wish),
        )

    def _wanted(self, opened: Opened | None) -> ExampleWish | None:
        """None while there are no images, or what is entered makes no job."""
        if opened is None:
            return None
        try:
            return ExampleWish(job=self._make_job(opened.wish), opened=opened, again=self._again)
        except ValidationError:
            return None

    def _stop(self) -> None:
        if self._thread is not None:
            self._thread.stop()
            self._thread = None

    def _take(self, preview: Preview, wish: ExampleWish) -> None:
        """An answer to an earlier wish may still have been on its way."""
        if wish is self._wish:
            self._show(preview)

    def _take_failure(self, failure: Failure, wish: ExampleWish) -> None:
        if wish is self._wish:
            self._show(Preview(sentence=failure.message, examples=()))

    def _show(self, preview: Preview) -> None:
        changed = any(example.versions for example in preview.examples)
        self.sentence.setText(preview.sentence)
        self.strip.show_examples(preview.examples if changed else ())
        self.strip.setVisible(changed)
        self.again.setVisible(changed)
