"""Where the model is written to, and what came of it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtWidgets import QCheckBox, QFileDialog, QLineEdit

from graftwork.engine.events import Notice, Progress, TrainingEvent
from graftwork.gui.parts.banner import Banner
from graftwork.gui.parts.boxes import GRID, Card, column, row
from graftwork.gui.parts.busy import Busy
from graftwork.gui.parts.buttons import button
from graftwork.gui.parts.focus import FocusKeeper
from graftwork.gui.parts.text import counted, label

if TYPE_CHECKING:
    from graftwork.export.onnx_model import ExportReport

_HINT = (
    "The file holds everything: resizing, the network, and the names of the classes. Before it "
    "is handed over, its answers are compared with the network's on your own images."
)
_NAMELESS = "Name a file first."
_PLAIN = "For programs that resize and normalize the images themselves. Most people do not."


class SaveCard(Card):
    """A file's name, one choice, and a button."""

    def __init__(self, on_export: Callable[[], object]) -> None:
        super().__init__("Save the model", label(_HINT, "muted", wrap=True))
        self._agreed: Path | None = None
        self.file = QLineEdit()
        self.file.setAccessibleName("File to write")
        self.file.setPlaceholderText("model.onnx")
        self.plain = QCheckBox("Plain tensors in and out")
        self.button = button("Export", on_export, kind="primary", picture="export")
        self._keeper = FocusKeeper(self.button)
        self._nameless = label(_NAMELESS, "small")
        self.busy = Busy()
        self.report = Banner()
        choose = button("Choose…", self._choose, picture="folder")
        line = row(self.file, choose)
        hint = label(_PLAIN, "small", wrap=True)
        inner = column(
            line, self.plain, hint, row(self.button, self._nameless, None), self.busy, self.report
        )
        self.body.addLayout(inner)
        self.body.setSpacing(GRID + 2)
        self.busy.hide()
        self.report.hide()
        self.file.textChanged.connect(self._allow)
        self._allow()

    @property
    def path(self) -> Path:
        """The file that is named, as an .onnx; without a name, one for examples.

        A name without a folder is one in the user's own.
        """
        if not self._name:
            return Path("model.onnx")
        path = Path.home() / Path(self._name).expanduser()
        return path if path.suffix == ".onnx" else path.with_name(f"{path.name}.onnx")

    @property
    def _name(self) -> str:
        return self.file.text().strip()

    def show_busy(self) -> None:
        """Say that it begins."""
        self.busy.begin("Exporting")
        self._at_work(True)
        self.report.hide()

    def show_event(self, event: TrainingEvent) -> None:
        """Show how far it is."""
        match event:
            case Progress():
                self.busy.show_progress(event)
            case Notice():
                self.report.show_text(event.text, event.level)

    def show_report(self, report: ExportReport) -> None:
        """Say what was written, and how well it agrees."""
        self._at_work(False)
        self.report.show_text(_spoken(report), "check")
        self.report.show()

    def show_end(self) -> None:
        """Say no more."""
        self._at_work(False)

    def _at_work(self, at_work: bool) -> None:
        self.busy.setVisible(at_work)
        self._allow()

    def _allow(self) -> None:
        """Nothing is written to a place that nobody has named."""
        self._keeper.set_enabled(bool(self._name) and self.busy.isHidden())
        self._nameless.setVisible(not self._name)

    def _choose(self) -> None:
        path, _filter = QFileDialog.getSaveFileName(
            self, "Save the model", str(self.path), "ONNX models (*.onnx)"
        )
        if path:
            self.file.setText(path)
            self._agreed = self.path  # the dialog asks what may be replaced

    @property
    def replaces_unasked(self) -> bool:
        """Whether a file is there, of which nobody has said that it may be replaced."""
        return self.path.exists() and self.path != self._agreed


def _spoken(report: ExportReport) -> str:
    return (
        f"Written and verified: {report.file} ({report.size / 1e6:.1f} MB).\n"
        f"On {counted(report.images, 'image')} its probabilities differ from the network's by "
        f"{report.max_difference:.1e} at most."
    )
