"""What a run keeps in its folder: its job, its split and its classifier."""

from __future__ import annotations

from collections.abc import Generator
from textwrap import shorten

import torch
from safetensors import SafetensorError

from graftwork.engine.classifier import WEIGHTS_FILE, Classifier, load_classifier
from graftwork.engine.device import choose_device
from graftwork.engine.errors import TrainingError
from graftwork.engine.events import Notice
from graftwork.engine.heap import keep_heap
from graftwork.engine.job import TrainingJob
from graftwork.engine.split_file import KeptSplit, read_split
from graftwork.engine.weights_file import kept_digest
from graftwork.evaluation.report import Evaluation
from graftwork.plugin_host.registry import Registry

from .errors import RunUseError
from .record import RunRecord
from .store import read_job

EVALUATION_FILE = "evaluation.json"


def kept_job(run: RunRecord) -> TrainingJob:
    """The job that the run was made from; raises ``RunUseError``."""
    try:
        return read_job(run.folder)
    except (OSError, ValueError) as error:
        msg = f"The job of run {run.id} cannot be read from {run.folder}: {error}"
        raise RunUseError(msg) from error


def kept_split(run: RunRecord) -> KeptSplit:
    """Which image was in which part; raises ``RunUseError``."""
    try:
        return read_split(run.folder)
    except (OSError, ValueError) as error:
        msg = f"The split of run {run.id} cannot be read from {run.folder}: {error}"
        raise RunUseError(msg) from error


def kept_classifier(run: RunRecord, registry: Registry) -> Classifier:
    """The classifier with the run's best weights; raises ``GraftworkError``."""
    registry.backbone(run.backbone)
    try:
        return load_classifier(run.folder, registry.backbones)
    except FileNotFoundError as error:
        msg = (
            f"Run {run.id} ({run.status}) has kept no weights: it ended before the first epoch "
            "was over. Train again."
        )
        raise RunUseError(msg) from error
    except (OSError, SafetensorError, RuntimeError, ValueError, KeyError) as error:
        msg = (
            f"The classifier of run {run.id} cannot be read from {run.folder}: its files are "
            f"damaged, or not those of one run ({_in_brief(error)}). Put them back, or train again."
        )
        raise RunUseError(msg) from error


def weights_digest(run: RunRecord) -> str | None:
    """Tells the run's best weights from those that it may have later."""
    return kept_digest(run.folder / WEIGHTS_FILE)


def kept_evaluation(run: RunRecord) -> Evaluation | None:
    """What was measured of the run's weights as they are now, if it was."""
    try:
        text = (run.folder / EVALUATION_FILE).read_text("utf-8")
        evaluation = Evaluation.model_validate_json(text)
    except (OSError, ValueError):
        return None
    return evaluation if evaluation.weights == weights_digest(run) else None


def classifier_at_work(run: RunRecord, registry: Registry) -> Generator[Notice, None, Classifier]:
    """The run's classifier on the device that its job names, or on another if that is not here."""
    keep_heap()
    classifier = kept_classifier(run, registry)
    wanted = kept_job(run).training.device
    try:
        device = choose_device(wanted)
    except TrainingError:
        device = choose_device("auto")
        yield _other_device(wanted, device)
    return classifier.to(device)


def _in_brief(error: Exception) -> str:
    """Torch names every weight that does not fit."""
    return shorten(str(error), 200, placeholder=" ...")


def _other_device(wanted: str, device: torch.device) -> Notice:
    text = f"The run was trained on {wanted}, which is not on this machine: {device.type} is used."
    return Notice(level="info", text=text)
