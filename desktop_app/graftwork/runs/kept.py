"""What a run keeps in its folder: its job, its split and its classifier."""

from __future__ import annotations

import json

from pydantic import ValidationError

from graftwork.engine.classifier import Classifier, load_classifier
from graftwork.engine.job import TrainingJob
from graftwork.engine.train import SPLIT_FILE
from graftwork.plugin_api import Part
from graftwork.plugin_host.registry import Registry

from .errors import RunUseError
from .record import RunRecord
from .store import JOB_FILE


def kept_job(run: RunRecord) -> TrainingJob:
    """The job that the run was made from; raises ``RunUseError``."""
    try:
        return TrainingJob.model_validate_json((run.folder / JOB_FILE).read_text("utf-8"))
    except (OSError, ValidationError) as error:
        msg = f"The job of run {run.id} cannot be read from {run.folder}: {error}"
        raise RunUseError(msg) from error


def kept_split(run: RunRecord) -> dict[Part, list[str]]:
    """The paths of each part, as ``relative_path`` gives them; raises ``RunUseError``."""
    try:
        split: dict[Part, list[str]] = json.loads((run.folder / SPLIT_FILE).read_text("utf-8"))
    except (OSError, ValueError) as error:
        msg = f"The split of run {run.id} cannot be read from {run.folder}: {error}"
        raise RunUseError(msg) from error
    return split


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
