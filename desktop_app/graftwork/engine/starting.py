"""Puts together what a run begins with: the classifier, its description, its setup."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from pydantic import BaseModel

from graftwork import __version__
from graftwork.data.pixels import Pixels
from graftwork.files import write_text
from graftwork.plugin_api import Backbone, BackboneOutline, DataOutline
from graftwork.plugin_host.registry import Registry

from .backbone_check import check_features
from .best_weights import BestWeights
from .checkpoints.keeper import CheckpointKeeper
from .classifier import Classifier, build_classifier
from .classifier_info import INFO_FILE, ClassifierInfo
from .earlier_run import load_earlier
from .errors import TrainingError
from .events import Notice, TrainingEvent
from .heads.spec import head_spec
from .inputs import PixelSamples
from .job import TrainingJob
from .job_check import CheckedJob, check_job
from .learning.sample import JoinedSamples, StoredSample, keep_sample, read_sample
from .planning import Planned
from .reading import samples
from .run_images import RunImages, read_images
from .setup import TrainingSetup, backbone_outline, chosen_augmentation, data_outline
from .speed.processes import Processes
from .split_file import write_split
from .stochastic_depth import set_stochastic_depth
from .weights_file import digest


@dataclass(frozen=True, kw_only=True)
class StartedRun:
    """A run before its first phase: its job, its images, its setup, and the strategy's plan."""

    checked: CheckedJob
    images: RunImages
    setup: TrainingSetup
    outlines: tuple[BackboneOutline, DataOutline]

    def plan(self, settings: BaseModel | None = None) -> Planned:
        """The strategy's plan from its beginning, for the run's settings or others."""
        return Planned(self.checked.strategy, settings or self.checked.settings, *self.outlines)


def start_run(
    job: TrainingJob,
    registry: Registry,
    weights: Path | None,
    checkpoints: CheckpointKeeper,
    processes: Processes,
) -> Generator[TrainingEvent, None, StartedRun]:
    """Read the images and build what trains on them; nothing is written yet.

    Raises ``TrainingError``, ``DatasetError`` or ``UnknownNameError``.
    """
    checked = check_job(job, registry)
    pretrained = weights is not None or job.start is not None
    if checked.strategy.pretrained and not pretrained:
        yield _no_weights(checked.backbone)
    images = yield from read_images(checked, registry)
    classifier = _new_classifier(checked, images.pixels, weights).to(processes.device)
    head_is_new = yield from _made_ready(job, classifier)
    setup = _new_setup(
        checked,
        images,
        classifier,
        checkpoints,
        processes,
        pretrained=pretrained,
        head_is_new=head_is_new,
    )
    if setup.earlier and setup.earlier.left_out:
        yield _left_out(setup.earlier.left_out)
    outlines = (
        backbone_outline(classifier.stages, checked.backbone.features),
        data_outline(images.pixels.catalog, images.split),
    )
    return StartedRun(checked=checked, images=images, setup=setup, outlines=outlines)


def _made_ready(job: TrainingJob, classifier: Classifier) -> Generator[Notice, None, bool]:
    """Give the classifier what the job begins with; says whether its head is new."""
    head = load_earlier(classifier, job.start) if job.start else None
    if head:
        yield Notice(level=head.level, text=head.text)
    yield from _skip_blocks(classifier, job.training.stochastic_depth)
    return head is None or head.is_new


def _new_classifier(checked: CheckedJob, pixels: Pixels, weights: Path | None) -> Classifier:
    """Always the same for the same job."""
    job, backbone = checked.job, checked.backbone
    info = ClassifierInfo(
        classes=pixels.catalog.classes,
        input=pixels.spec,
        backbone=backbone.name,
        strategy=job.strategy,
        head=head_spec(job.training, checked.strategy),
        data_fingerprint=pixels.fingerprint,
        graftwork_version=__version__,
    )
    torch.manual_seed(job.seed)
    first_layer = job.training.first_layer
    built = build_classifier(backbone, info, weights, first_layer=first_layer, seed=job.seed)
    check_features(built.stages, backbone, pixels.spec.channels, pixels.spec.size)
    return built.to(memory_format=torch.channels_last)


def _skip_blocks(classifier: Classifier, rate: float | None) -> Generator[Notice, None, None]:
    if rate is not None and set_stochastic_depth(classifier.stages, rate) == 0:
        text = "This backbone has no blocks that can be skipped: stochastic_depth does nothing."
        yield Notice(level="warning", text=text)


def describe(started: StartedRun) -> None:
    """Write the classifier's description, the split and the sample of images to the run's folder.

    Of several processes the first does it. Raises ``TrainingError`` if the disk does not take them.
    """
    setup = started.setup
    if not setup.processes.is_first:
        return
    try:
        write_text(setup.folder / INFO_FILE, setup.classifier.info.model_dump_json(indent=2))
        images = started.images
        write_split(setup.folder, images.pixels.catalog, images.split, images.earlier_split)
    except OSError as error:
        msg = f"The run's folder {setup.folder} cannot be written: {error.strerror or error}."
        raise TrainingError(msg) from error
    _keep_sample(setup)


def _new_setup(
    checked: CheckedJob,
    images: RunImages,
    classifier: Classifier,
    checkpoints: CheckpointKeeper,
    processes: Processes,
    *,
    pretrained: bool,
    head_is_new: bool,
) -> TrainingSetup:
    job, pixels, split = checked.job, images.pixels, images.split
    reference = {k: v.detach().clone() for k, v in classifier.state_dict().items()}
    earlier, no_sample = _earlier_sample(job, classifier)
    return TrainingSetup(
        job=job,
        folder=checkpoints.run_folder,
        classifier=classifier,
        processes=processes,
        train=_with_replay(job, samples(pixels, split.train), earlier),
        validation=samples(pixels, split.validation),
        test=samples(pixels, split.test),
        augmentation=chosen_augmentation(job, checked.strategy),
        best=BestWeights(classifier, checkpoints.run_folder if processes.is_first else None),
        checkpoints=checkpoints,
        reference=reference,
        first_weights=digest(classifier.stages.state_dict()),
        pretrained=pretrained,
        earlier=earlier,
        no_sample=no_sample,
        head_is_new=head_is_new,
    )


def _earlier_sample(
    job: TrainingJob, classifier: Classifier
) -> tuple[StoredSample | None, str | None]:
    """Images of the run that this one starts from, or why there are none.

    Raises ``TrainingError`` where the job replays them; only EWC needs them else.
    """
    if job.start is None:
        return None, None
    info = classifier.info
    try:
        return read_sample(job.start.folder, classes=info.classes, spec=info.input), None
    except TrainingError as error:
        if job.start.replay:
            raise
        return None, str(error)


def _with_replay(
    job: TrainingJob, fresh: PixelSamples, earlier: StoredSample | None
) -> PixelSamples | JoinedSamples:
    if job.start is None or earlier is None or job.start.replay == 0:
        return fresh
    return JoinedSamples([fresh, earlier.of_each_class(job.start.replay, job.seed)])


def _keep_sample(setup: TrainingSetup) -> None:
    per_class = setup.job.training.keep_sample
    if per_class:
        info = setup.classifier.info
        keep_sample(
            setup.train,
            setup.folder,
            classes=info.classes,
            spec=info.input,
            per_class=per_class,
            seed=setup.job.seed,
        )


def _no_weights(backbone: Backbone) -> Notice:
    text = (
        f"{backbone.title} has no pretrained weights: everything starts from random numbers, "
        "which only the strategy from-scratch is made for."
    )
    return Notice(level="warning", text=text)


def _left_out(classes: Sequence[str]) -> Notice:
    text = (
        f"The earlier run's sample has images of classes that are not here: {', '.join(classes)}. "
        "They are left out."
    )
    return Notice(level="warning", text=text)
