"""The pages that there are, by number, without the pages themselves."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Destination:
    """A page to go to; ``below`` ones stand at the bottom."""

    name: str
    picture: str
    hint: str
    below: bool = False


DESTINATIONS = (
    Destination(name="Data", picture="data", hint="The images to learn from"),
    Destination(name="Train", picture="train", hint="Choose a network and teach it"),
    Destination(name="Results", picture="results", hint="How far the network can be trusted"),
    Destination(name="Export", picture="export", hint="Take the network away as an ONNX file"),
    Destination(name="Runs", picture="runs", hint="All that was trained", below=True),
    Destination(name="Plugins", picture="plugins", hint="What plugins add", below=True),
)
DATA, TRAIN, RESULTS, EXPORT, RUNS, PLUGINS = range(len(DESTINATIONS))
