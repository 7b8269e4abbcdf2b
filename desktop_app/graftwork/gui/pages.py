"""Puts the pages together once there is a workshop."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from PySide6.QtWidgets import QWidget

from graftwork.runs.workshop import Workshop
from graftwork.settings import Settings

from .data.open_actions import OpenActions
from .data.page import DataPage
from .data.state import DataState
from .navigation import Destination
from .pictures.loader import PictureLoader
from .pictures.reader import picture_reader
from .tasks import Tasks
from .train.page import TrainPage
from .train.state import TrainState

DESTINATIONS = (
    Destination(name="Data", picture="data", hint="The images to learn from"),
    Destination(name="Train", picture="train", hint="Choose a network and teach it"),
    Destination(name="Results", picture="results", hint="How far the network can be trusted"),
    Destination(name="Export", picture="export", hint="Take the network away as an ONNX file"),
    Destination(name="Runs", picture="runs", hint="All that was trained", below=True),
    Destination(name="Plugins", picture="plugins", hint="What plugins add", below=True),
)
DATA, TRAIN, RESULTS, EXPORT, RUNS, PLUGINS = range(len(DESTINATIONS))

_PICTURE_SIDE = 224


@dataclass(frozen=True, kw_only=True)
class Pages:
    """The states that pages share, and the pages in the order of ``DESTINATIONS``."""

    data: DataState
    train: TrainState
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
    loader = PictureLoader(picture_reader(), _PICTURE_SIDE, window)
    data.opened.connect(
        lambda opened: loader.read_with(picture_reader(opened.reader.decode, opened.intensity))
    )
    widgets = (
        DataPage(data, opening, loader),
        TrainPage(train, data, settings, lambda: go_to(RESULTS)),
    )
    return Pages(data=data, train=train, opening=opening, loader=loader, widgets=widgets)
