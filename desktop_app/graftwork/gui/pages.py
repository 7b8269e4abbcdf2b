"""Puts the pages together once there is a workshop."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from PySide6.QtWidgets import QWidget

from graftwork.runs.record import RunRecord
from graftwork.runs.workshop import Workshop
from graftwork.settings import Settings

from .data.open_actions import OpenActions
from .data.opening import Wish
from .data.page import DataPage
from .data.state import DataState
from .destinations import EXPORT, RESULTS, TRAIN
from .export.page import ExportPage
from .export.state import ExportState
from .library.plugins_page import PluginsPage
from .library.runs_page import RunActions, RunsPage
from .pictures.loader import PictureLoader
from .results.page import ResultsPage
from .results.state import ResultState
from .tasks import Tasks
from .train.page import TrainPage
from .train.state import Ending, TrainState

_PICTURE_SIDE = 224


@dataclass(frozen=True, kw_only=True)
class Pages:
    """The states that pages share, and the pages in the order of ``destinations.DESTINATIONS``."""

    data: DataState
    train: TrainState
    results: ResultState
    opening: OpenActions
    loader: PictureLoader
    widgets: tuple[QWidget, ...]


def build_pages(
    window: QWidget,
    workshop: Workshop,
    tasks: Tasks,
    settings: Settings,
    go_to: Callable[[int], object],
) -> Pages:
    """All pages for this workshop; ``go_to`` shows the one of this number."""
    data = DataState(workshop.registry, tasks, window)
    train = TrainState(workshop, tasks, window)
    opening = OpenActions(window, data, settings, lambda: go_to(TRAIN))
    loader = PictureLoader(_PICTURE_SIDE, window)
    data.reading.connect(loader.forget)
    train.started.connect(data.cancel)  # training checks the images itself, and needs the machine
    results = ResultState(workshop, tasks, window)
    train_page = TrainPage(train, data, tasks, settings, lambda: _see(train, results, go_to))
    judging = ResultsPage(results, loader, lambda: go_to(EXPORT))
    exporting = ExportPage(ExportState(workshop, tasks, window), results, settings, loader)
    train.ended.connect(lambda ending: _study(ending, results, (judging, exporting)))
    widgets = (
        DataPage(data, opening, loader),
        train_page,
        judging,
        exporting,
        RunsPage(
            workshop.store,
            RunActions(
                open=partial(_open, results, go_to),
                go_on=partial(_go_on, train, go_to),
                fork=partial(_fork, train_page, data, opening, go_to),
                forget=results.forget,
                is_training=lambda: train.is_busy,
            ),
        ),
        PluginsPage(workshop.registry),
    )
    return Pages(
        data=data,
        train=train,
        results=results,
        opening=opening,
        loader=loader,
        widgets=widgets,
    )


def _open(results: ResultState, go_to: Callable[[int], object], run: RunRecord) -> None:
    results.open(run)
    go_to(RESULTS)


def _go_on(train: TrainState, go_to: Callable[[int], object], run: RunRecord) -> None:
    train.go_on(run)
    go_to(TRAIN)


def _fork(
    train: TrainPage,
    data: DataState,
    opening: OpenActions,
    go_to: Callable[[int], object],
    run: RunRecord,
) -> None:
    """On the data set that is open, or else on the run's own."""
    point = train.fork(run)
    if point is not None and data.current is None:
        own = point.job.data
        opening.open(Wish(path=own.path, reader=own.reader, options=own.reader_options))
    go_to(TRAIN)


def _study(ending: Ending, results: ResultState, views: Sequence[QWidget]) -> None:
    """Measure a run that has just ended, if it kept any weights.

    Not while another run is looked at in one of the ``views``: it would be taken from under the
    user's hands.
    """
    run = ending.run
    if run is None or run.validation_accuracy is None:
        return
    another = results.run_id not in {None, run.id}
    if not (another and any(view.isVisible() for view in views)):
        results.open(run)


def _see(train: TrainState, results: ResultState, go_to: Callable[[int], object]) -> None:
    """Show the results of the run that ended last."""
    run = train.ending.run if train.ending is not None else None
    if run is not None and results.run_id != run.id:
        results.open(run)
    go_to(RESULTS)
