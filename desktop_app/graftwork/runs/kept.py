"""What a run keeps in its folder: its job, its split and what was measured of it."""

from __future__ import annotations

from graftwork.engine.classifier_info import INFO_FILE, WEIGHTS_FILE, ClassifierInfo, kept_digest
from graftwork.engine.job import TrainingJob
from graftwork.engine.split_file import KeptSplit, read_split
from graftwork.evaluation.report import Evaluation

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


def kept_info(run: RunRecord) -> ClassifierInfo:
    """What describes the run's classifier; raises ``RunUseError``."""
    try:
        text = (run.folder / INFO_FILE).read_text("utf-8")
        return ClassifierInfo.model_validate_json(text)
    except (OSError, ValueError) as error:
        msg = f"What run {run.id} has learned cannot be read from {run.folder}: {error}"
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
