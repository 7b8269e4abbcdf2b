"""Shows an opened data set: its classes, its images, what to beware of and what is wrong."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtWidgets import QSplitter, QStackedWidget, QVBoxLayout, QWidget

from graftwork.gui.parts.banner import Banner
from graftwork.gui.parts.boxes import GRID, Card, clear, column, holder, row
from graftwork.gui.parts.buttons import Segments, copy_button
from graftwork.gui.parts.table import Column, RecordTable
from graftwork.gui.parts.text import counted, label
from graftwork.gui.pictures.grid import PictureGrid
from graftwork.gui.pictures.loader import PictureLoader
from graftwork.gui.pictures.model import Picture
from graftwork.gui.pictures.reader import PLAIN_READER, PictureReader
from graftwork.plugin_api import Catalog, Item

from .check_line import CheckLine
from .class_list import ClassList
from .opening import Opened

_MOST_WARNINGS = 3


class DataBrowser(QWidget):
    """Classes on the left; images or problems on the right; warnings above."""

    def __init__(self, loader: PictureLoader, on_skip: Callable[[], object]) -> None:
        super().__init__()
        self.classes = ClassList()
        self.images = PictureGrid("Images", loader)
        self.problems = problems_table()
        self.views = Segments("Images", "Problems")
        self.summary = label(role="muted")
        self._warnings: QVBoxLayout = column(gap=GRID)
        self._stack = QStackedWidget()
        self._catalog: Catalog | None = None
        self._reader = PLAIN_READER
        self._warned: tuple[str, ...] = ()
        self.checking = CheckLine(on_skip)
        self._copy = copy_button(self.problems.as_text, "the problems")
        self._lay_out()
        self.classes.chosen.connect(self._filter)
        self.views.chosen.connect(self._stack.setCurrentIndex)
        self.views.chosen.connect(self._offer_copy)

    def _lay_out(self) -> None:
        left = Card("Classes", self.classes, margin=12)
        self._stack.addWidget(self.images)
        self._stack.addWidget(self.problems)
        head = row(self.views, 12, self.summary, None, self._copy)
        right = Card("", head, self._stack, margin=12)
        splitter = QSplitter()
        splitter.setHandleWidth(2 * GRID)
        splitter.addWidget(left)
        splitter.addWidget(right)
        splitter.setSizes([260, 820])
        splitter.setStretchFactor(1, 1)
        splitter.setChildrenCollapsible(False)
        left.setMinimumWidth(200)
        layout = column(holder(self._warnings), splitter, self.checking, gap=GRID)
        layout.setStretch(1, 1)
        self.setLayout(layout)

    def show_data(self, opened: Opened) -> None:
        """Show this data set."""
        self._show_catalog(opened)
        self._show_warnings(_warnings(opened))
        self.views.choose(0)

    def show_checked(self, opened: Opened) -> None:
        """Show what is left of this data set; the view stays as it is if all of it is."""
        if opened.catalog != self._catalog:
            self._show_catalog(opened)
        self._show_warnings(_warnings(opened))

    def _show_catalog(self, opened: Opened) -> None:
        self._catalog = opened.catalog
        self._reader = PictureReader(opened.reader.decode, opened.intensity)
        self.classes.show_counts(opened.catalog.counts())
        self._filter(None)
        self.problems.show_records(opened.catalog.problems)
        self.views.set_text(1, f"Problems ({len(opened.catalog.problems):,})")
        self._offer_copy(self.views.current)

    def _show_warnings(self, warnings: tuple[str, ...]) -> None:
        if warnings == self._warned:
            return
        self._warned = warnings
        clear(self._warnings)
        for text in warnings[:_MOST_WARNINGS]:
            self._warnings.addWidget(Banner(text, "warning"))
        if rest := warnings[_MOST_WARNINGS:]:
            more = Banner(f"And {counted(len(rest), 'more warning')}.", "warning")
            more.setToolTip("\n".join(rest))
            self._warnings.addWidget(more)

    def _filter(self, name: str | None) -> None:
        if self._catalog is None:
            return
        items = [item for item in self._catalog.items if name in (None, item.label)]
        pictures = [_picture(item, with_class=name is None) for item in items]
        self.images.show_pictures(pictures, self._reader)
        self.summary.setText(counted(len(items), "image"))

    def _offer_copy(self, view: int) -> None:
        self._copy.setVisible(view == 1 and bool(self.problems.records))


def _warnings(opened: Opened) -> tuple[str, ...]:
    number = len(opened.catalog.problems)
    if not number:
        return opened.warnings
    files = counted(number, "file is", "files are")
    return (f"{files} left out: see Problems for which, and why.", *opened.warnings)


def _picture(item: Item, *, with_class: bool) -> Picture:
    return Picture(path=item.path, caption=item.label if with_class else item.path.name)


def problems_table() -> RecordTable:
    """A table of files that cannot be used."""
    return RecordTable(
        "Problems",
        [
            Column(heading="File", text=lambda problem: str(problem.path), stretch=True),
            Column(
                heading="What is wrong",
                text=lambda problem: problem.reason,
                stretch=True,
                prose=True,
            ),
        ],
    )
