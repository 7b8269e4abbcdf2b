"""Puts together what a run begins with: the classifier, its description, its setup."""

from __future__ import annotations

import json
from pathlib import Path

import torch

from graftwork import __version__
from graftwork.data.pixels import Pixels
from graftwork.data.split import Split
from graftwork.files import write_text
from graftwork.plugin_api import Backbone, Strategy

from .best_weights import BestWeights
from .checkpoints.keeper import CheckpointKeeper
from .classifier import INFO_FILE, Classifier, ClassifierInfo, build_classifier
from .heads.spec import head_spec
from .job import TrainingJob
from .monitor import LoadMonitor
from .reading import samples
from .setup import TrainingSetup, chosen_augmentation

SPLIT_FILE = "split.json"


def new_classifier(
    job: TrainingJob, backbone: Backbone, strategy: Strategy, pixels: Pixels, weights: Path | None
) -> Classifier:
    """The classifier that the run begins with, always the same for the same job."""
    info = ClassifierInfo(
        classes=pixels.catalog.classes,
        input=pixels.spec,
        backbone=backbone.name,
        strategy=job.strategy,
        head=head_spec(job.training, strategy),
        data_fingerprint=pixels.fingerprint,
        graftwork_version=__version__,
    )
    torch.manual_seed(job.seed)
    first_layer = job.training.first_layer
    built = build_classifier(backbone, info, weights, first_layer=first_layer, seed=job.seed)
    return built.to(memory_format=torch.channels_last)


def describe(classifier: Classifier, pixels: Pixels, split: Split, folder: Path) -> None:
    """Write the classifier's description and the split to the run's folder."""
    write_text(folder / INFO_FILE, classifier.info.model_dump_json(indent=2))
    catalog = pixels.catalog
    parts = {"train": split.train, "validation": split.validation, "test": split.test}
    paths = {
        name: [relative_path(catalog.items[row].path, catalog.root) for row in rows]
        for name, rows in parts.items()
    }
    write_text(folder / SPLIT_FILE, json.dumps(paths, ensure_ascii=False, indent=1))


def relative_path(path: Path, root: Path) -> str:
    """The path below the root with ``/`` between its parts; the whole path if it lies elsewhere."""
    return (path.relative_to(root) if path.is_relative_to(root) else path).as_posix()


def new_setup(
    job: TrainingJob,
    strategy: Strategy,
    classifier: Classifier,
    pixels: Pixels,
    split: Split,
    folder: Path,
    device: torch.device,
    checkpoints: CheckpointKeeper,
) -> TrainingSetup:
    """What all phases of the run share."""
    reference = {k: v.detach().clone() for k, v in classifier.state_dict().items()}
    return TrainingSetup(
        job=job,
        folder=folder,
        classifier=classifier,
        device=device,
        train=samples(pixels, split.train),
        validation=samples(pixels, split.validation),
        augmentation=chosen_augmentation(job, strategy),
        best=BestWeights(classifier, folder),
        checkpoints=checkpoints,
        monitor=LoadMonitor(device),
        reference=reference,
    )
