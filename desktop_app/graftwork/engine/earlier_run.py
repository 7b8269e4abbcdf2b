"""Takes the weights of an earlier run, to train on from there."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import torch
from safetensors import SafetensorError
from torch import Tensor

from graftwork.plugin_api import HEAD

from .classifier import Classifier
from .classifier_info import INFO_FILE, WEIGHTS_FILE, ClassifierInfo
from .errors import TrainingError
from .heads.spec import HeadSpec
from .job import START_FOLDER, StartSettings
from .keeping import epoch_file, kept_epochs
from .learning.sample import SAMPLE_FILE, no_sample
from .split_file import SPLIT_FILE
from .weights_file import read_weights

BEST = "best"


def check_start(start: StartSettings) -> None:
    """Raise ``TrainingError`` if the earlier run has no such weights, or no sample to replay."""
    if not _weights_file(start).is_file():
        raise _no_weights(start, "there is no such file")
    if start.replay and not (start.folder / SAMPLE_FILE).is_file():
        raise no_sample(start.folder / SAMPLE_FILE)


def keep_start(start: StartSettings, run_folder: Path) -> StartSettings:
    """The same start, but from files that the new run keeps in its own folder.

    The earlier run may so be trained on, or removed. Files are linked where the disk can do so:
    whoever writes a new one puts it in place of the old. Raises ``TrainingError`` if the disk does
    not take them.
    """
    own = run_folder / START_FOLDER
    kept = [start.folder / name for name in (INFO_FILE, SPLIT_FILE, SAMPLE_FILE)]
    try:
        for file in (_weights_file(start), *kept):
            if file.is_file():
                _link(file, own / file.relative_to(start.folder))
    except OSError as error:
        msg = f"What the run starts from cannot be kept in {own}: {error.strerror or error}."
        raise TrainingError(msg) from error
    return start.model_copy(update={"folder": own, "origin": start.origin or start.folder})


def _link(file: Path, to: Path) -> None:
    to.parent.mkdir(parents=True, exist_ok=True)
    try:
        os.link(file, to)
    except OSError:  # on another disk, or one that knows no links
        shutil.copyfile(file, to)


@dataclass(frozen=True, kw_only=True)
class HeadFound:
    """What of an earlier run's head goes on, in words of this ``level``; whether it ``is_new``."""

    text: str
    is_new: bool = False
    level: Literal["info", "warning"] = "info"


def load_earlier(classifier: Classifier, start: StartSettings) -> HeadFound:
    """Give the classifier the weights of an earlier run; says what of its head could be kept.

    The backbone must be the same. Of the head, what the classes of both runs share is kept: each
    class keeps its weights by its name, new ones begin at random. Raises ``TrainingError``.
    """
    info = _info(start.folder)
    if info.backbone != classifier.info.backbone:
        msg = (
            f"The run in {start.folder} has the backbone {info.backbone}: a run from its weights "
            f"needs the same one, not {classifier.info.backbone}."
        )
        raise TrainingError(msg)
    state = _state(start)
    backbone = {k: v for k, v in state.items() if not k.startswith(f"{HEAD}.")}
    try:
        classifier.load_state_dict(backbone, strict=False)
    except RuntimeError as error:
        msg = f"The weights in {start.folder} do not fit: {error}"
        raise TrainingError(msg) from error
    return _load_head(classifier, info, state)


def _load_head(
    classifier: Classifier, info: ClassifierInfo, state: Mapping[str, Tensor]
) -> HeadFound:
    now = classifier.info
    if not _alike(info.head, now.head):
        return HeadFound(text=f"The head begins anew: it was {info.head.kind}.", is_new=True)
    if info.classes == now.classes:
        classifier.load_state_dict(_below_head(state), strict=False)
        return HeadFound(text="The head goes on as it is: the classes are the same.")
    if info.head.kind == "hierarchical":
        text = "The head begins anew: the tree of classes is another one."
        return HeadFound(text=text, is_new=True)
    if not set(info.classes) & set(now.classes):
        text = "The run before knew none of these classes: the head begins anew."
        return HeadFound(text=text, is_new=True, level="warning")
    return HeadFound(text=_copy_shared_classes(classifier, info, state))


def _alike(before: HeadSpec, now: HeadSpec) -> bool:
    """Whether both have the same weights: dropout has none."""
    same_width = before.kind != "mlp" or before.hidden_units == now.hidden_units
    return before.kind == now.kind and same_width


def _below_head(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    return {name: value for name, value in state.items() if name.startswith(f"{HEAD}.")}


@torch.no_grad()
def _copy_shared_classes(
    classifier: Classifier, info: ClassifierInfo, state: Mapping[str, Tensor]
) -> str:
    classes = classifier.info.classes
    before = {name: row for row, name in enumerate(info.classes)}
    rows = [(row, before[name]) for row, name in enumerate(classes) if name in before]
    for name, value in classifier.head.state_dict(keep_vars=True).items():
        known = state[f"{HEAD}.{name}"].to(value.device)
        if _has_a_row_for_each_class(name, value, classes):
            for new, old in rows:
                value[new] = known[old]
        else:
            value.copy_(known)
    return f"The head keeps what it knows of {len(rows)} of the {len(classes)} classes."


def _has_a_row_for_each_class(name: str, value: Tensor, classes: Sequence[str]) -> bool:
    """The hidden layer of an MLP may have as many rows by chance."""
    return not name.startswith("hidden") and value.ndim > 0 and len(value) == len(classes)


def _info(folder: Path) -> ClassifierInfo:
    try:
        return ClassifierInfo.model_validate_json((folder / INFO_FILE).read_text("utf-8"))
    except (OSError, ValueError) as error:
        msg = f"There is no classifier of an earlier run in {folder}: {error}"
        raise TrainingError(msg) from error


def _weights_file(start: StartSettings) -> Path:
    is_best = start.weights == BEST
    return start.folder / WEIGHTS_FILE if is_best else epoch_file(start.folder, start.weights)


def _state(start: StartSettings) -> dict[str, Tensor]:
    try:
        return read_weights(_weights_file(start))
    except (OSError, SafetensorError, ValueError) as error:
        raise _no_weights(start, error) from error


def _no_weights(start: StartSettings, reason: object) -> TrainingError:
    best = [BEST] if (start.folder / WEIGHTS_FILE).is_file() else []
    kept = ", ".join([*best, *kept_epochs(start.folder)]) or "none"
    return TrainingError(
        f"The run in {start.folder} has no weights {start.weights!r} ({reason}). It has "
        f"{kept}; every epoch's are kept where keep_epochs=true was set."
    )
