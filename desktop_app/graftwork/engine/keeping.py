"""Keeps weights on the disk while a run is at work: the best ones, and each epoch's on demand."""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path

from safetensors import SafetensorError

from .checkpoints.progress import Rank
from .errors import TrainingError
from .events import Notice
from .learning.low_rank import plain_state
from .setup import TrainingSetup
from .weights_file import write_weights

EPOCHS_FOLDER = "epochs"


def keep_best(
    setup: TrainingSetup, rank: Rank, phase: int, epoch: int
) -> Generator[Notice, None, bool]:
    """Keep the present weights if they are the best so far; says whether they are.

    If the disk does not take them they stay in memory, and are written later.
    """
    best = setup.best.offer(rank, phase, epoch)
    if setup.best.due:
        try:
            setup.best.write()
        except TrainingError as error:
            yield Notice(level="warning", text=f"{error} It is tried again; make room there.")
    return best


def keep_epoch(setup: TrainingSetup, phase: int, epoch: int) -> Generator[Notice, None, None]:
    """Write the present weights under the epoch's name, if the job asks for that."""
    if not setup.job.training.keep_epochs or not setup.processes.is_first:
        return
    file = epoch_file(setup.folder, f"{phase}-{epoch}")
    try:
        file.parent.mkdir(exist_ok=True)
        write_weights(file, plain_state(setup.classifier))
    except (OSError, SafetensorError) as error:
        text = f"The weights of epoch {epoch} cannot be written to {file}: {error}."
        yield Notice(level="warning", text=text)


def kept_epochs(run_folder: Path) -> list[str]:
    """The names of the epochs whose weights are kept, in their order."""
    names = [file.stem for file in (run_folder / EPOCHS_FOLDER).glob("*.safetensors")]
    return sorted(names, key=lambda name: [part.zfill(9) for part in name.split("-")])


def epoch_file(run_folder: Path, name: str) -> Path:
    """Where the weights of an epoch are kept, such as "2-10": phase 2, epoch 10."""
    return run_folder / EPOCHS_FOLDER / f"{name}.safetensors"
