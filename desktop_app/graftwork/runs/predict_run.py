"""Predicts image files with a run's classifier, on the run's device."""

from __future__ import annotations

from collections.abc import Generator, Iterable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from graftwork.data.decoding import decode
from graftwork.engine.classifier import Classifier
from graftwork.engine.data_source import reader_of
from graftwork.engine.events import Notice, Progress, TrainingEvent
from graftwork.export.image_files import image_files
from graftwork.export.predict import FilePrediction, FileProblem, predict_file
from graftwork.plugin_api import Decoder, GraftworkError
from graftwork.plugin_host.registry import Registry

from .kept import kept_job
from .kept_classifier import classifier_at_work
from .record import RunRecord


def predict_with_run(
    run: RunRecord, registry: Registry, paths: Iterable[Path]
) -> Generator[TrainingEvent, None, list[FilePrediction | FileProblem]]:
    """What the classifier says of each image; folders are searched for images."""
    classifier = yield from classifier_at_work(run, registry)
    decoder = yield from _decoder(run, registry)
    files = list(image_files(paths))
    found = []
    for done, file in enumerate(files):
        yield Progress(what="Predicting", done=done, total=len(files))
        found.append(_prediction(classifier, file, decoder))
    yield Progress(what="Predicting", done=len(files), total=len(files))
    return found


def _decoder(run: RunRecord, registry: Registry) -> Generator[Notice, None, Decoder]:
    """That of the run's reader; the usual one, with a warning, if there is no such reader now."""
    try:
        return reader_of(kept_job(run).data, registry).decode or decode
    except GraftworkError as error:
        text = f"{error} The images are decoded as any, perhaps not as those of the run were."
        yield Notice(level="warning", text=text)
        return decode


def _prediction(
    classifier: Classifier, file: Path, decoder: Decoder
) -> FilePrediction | FileProblem:
    @torch.inference_mode()
    def probabilities(images: NDArray[Any]) -> NDArray[np.float32]:
        batch = torch.from_numpy(np.require(images, requirements=["C", "W"]))
        answer: NDArray[np.float32] = classifier(batch.to(classifier.mean.device)).cpu().numpy()
        return answer

    info = classifier.info
    return predict_file(file, info.input, info.classes, probabilities, decoder)
