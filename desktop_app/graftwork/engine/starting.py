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
from .errors import TrainingError
from .heads.spec import head_spec
from .inputs import PixelSamples, Samples
from .job import TrainingJob
from .learning.sample import SAMPLE_FILE, JoinedSamples, StoredSample, keep_sample, read_sample
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
    """Write the classifier's description and the split to the run's folder.

    Raises ``TrainingError`` if the disk does not take them.
    """
    try:
        write_text(folder / INFO_FILE, classifier.info.model_dump_json(indent=2))
        write_text(folder / SPLIT_FILE, _split_paths(pixels, split))
    except OSError as error:
        msg = f"The run's folder {folder} cannot be written: {error.strerror or error}."
        raise TrainingError(msg) from error


def _split_paths(pixels: Pixels, split: Split) -> str:
    catalog = pixels.catalog
    parts = {"train": split.train, "validation": split.validation, "test": split.test}
    paths = {
        name: [relative_path(catalog.items[row].path, catalog.root) for row in rows]
        for name, rows in parts.items()
    }
    return json.dumps(paths, ensure_ascii=False, indent=1)


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
    """What all phases of the run share; the run's own sample of images is written."""
    reference = {k: v.detach().clone() for k, v in classifier.state_dict().items()}
    earlier = _earlier_sample(job, classifier)
    train = _with_replay(job, samples(pixels, split.train), earlier)
    _keep_sample(job, classifier, train, folder)
    return TrainingSetup(
        job=job,
        folder=folder,
        classifier=classifier,
        device=device,
        train=train,
        validation=samples(pixels, split.validation),
        augmentation=chosen_augmentation(job, strategy),
        best=BestWeights(classifier, folder),
        checkpoints=checkpoints,
        monitor=LoadMonitor(device),
        reference=reference,
        earlier=earlier,
    )


def _earlier_sample(job: TrainingJob, classifier: Classifier) -> StoredSample | None:
    """Images of the run that this one starts from, if the job needs or has them."""
    if job.start is None:
        return None
    info, file = classifier.info, job.start.folder / SAMPLE_FILE
    if job.start.replay or file.is_file():
        return read_sample(job.start.folder, classes=info.classes, spec=info.input)
    return None


def _with_replay(
    job: TrainingJob, fresh: PixelSamples, earlier: StoredSample | None
) -> PixelSamples | JoinedSamples:
    if job.start is None or earlier is None or job.start.replay == 0:
        return fresh
    return JoinedSamples([fresh, earlier.of_each_class(job.start.replay, job.seed)])


def _keep_sample(job: TrainingJob, classifier: Classifier, train: Samples, folder: Path) -> None:
    if job.training.keep_sample:
        info = classifier.info
        keep_sample(
            train,
            folder,
            classes=info.classes,
            spec=info.input,
            per_class=job.training.keep_sample,
            seed=job.seed,
        )
