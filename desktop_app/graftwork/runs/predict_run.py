"""Predicts image files with a run's classifier, on the run's device."""

from __future__ import annotations

from collections.abc import Generator, Iterable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from graftwork.engine.classifier import Classifier
from graftwork.engine.events import Progress, TrainingEvent
from graftwork.export.image_files import image_files
from graftwork.export.predict import FilePrediction, FileProblem, predict_file
from graftwork.plugin_host.registry import Registry

from .kept import classifier_at_work
from .record import RunRecord


def predict_with_run(
    run: RunRecord, registry: Registry, paths: Iterable[Path]
) -> Generator[TrainingEvent, None, list[FilePrediction | FileProblem]]:
    """What the classifier says of each image; folders are searched for images."""
    classifier = yield from classifier_at_work(run, registry)
    files = list(image_files(paths))
    found = []
    for done, file in enumerate(files):
        yield Progress(what="Predicting", done=done, total=len(files))
        found.append(_prediction(classifier, file))
    yield Progress(what="Predicting", done=len(files), total=len(files))
    return found


def _prediction(classifier: Classifier, file: Path) -> FilePrediction | FileProblem:
    @torch.inference_mode()
    def probabilities(images: NDArray[Any]) -> NDArray[np.float32]:
        batch = torch.from_numpy(np.require(images, requirements=["C", "W"]))
        answer: NDArray[np.float32] = classifier(batch.to(classifier.mean.device)).cpu().numpy()
        return answer

    return predict_file(file, classifier.info.input, classifier.info.classes, probabilities)
