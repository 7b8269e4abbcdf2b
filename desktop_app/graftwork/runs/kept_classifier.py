"""The classifier that a run keeps in its folder."""

from __future__ import annotations

from collections.abc import Generator
from textwrap import shorten

import torch
from safetensors import SafetensorError

from graftwork.engine.classifier import Classifier, load_classifier
from graftwork.engine.device import choose_device
from graftwork.engine.errors import TrainingError
from graftwork.engine.events import Notice
from graftwork.engine.heap import keep_heap
from graftwork.plugin_host.registry import Registry

from .errors import RunUseError
from .kept import kept_job
from .record import RunRecord


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
