"""The loop that a PyTorch tutorial on transfer learning teaches, and the same at its best.

Files are decoded in every epoch by two loading processes; all that is frozen runs again in every
epoch. As tutorials have it, the network is in training mode throughout, so that the batch
normalization of frozen stages follows the images.

At its best: channels_last, heap kept (by the environment, see `peers.py`), frozen stages in
evaluation mode and without gradients, loading processes that stay.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator
from pathlib import Path

import torch
from PIL import Image
from sklearn.metrics import f1_score
from torch import Tensor, nn
from torch.nn import functional
from torch.utils.data import DataLoader, Dataset
from torchvision import transforms

from .clock import Clock
from .network import FEATURES, MEAN, STD, pretrained
from .part import BATCH, SIZE, TOP_STAGES, Part, Task
from .table import Row, read

LOADERS = True

_HEAD_RATE, _TOP_RATE, _FULL_RATE = 1e-3, 3e-4, 3e-4
_WORKERS = 2


def run(part: Part, clock: Clock) -> dict[str, float]:
    """Train, keep the best weights on validation, and measure them on the test images."""
    best_setting = part.contender.endswith("-best")
    torch.manual_seed(part.seed)
    rows = read(part.table)
    classes = sorted({row.label for row in rows})
    loaders = {
        name: _loader(part, [row for row in rows if row.part == name], classes, stay=best_setting)
        for name in ("train", "validation", "test")
    }
    model = _Model(part.task, len(classes), careful=best_setting)
    if best_setting:
        model.to(memory_format=torch.channels_last)
    _train(model, part, loaders, clock)
    return _figures(*_predict(model, loaders["test"]))


class _Images(Dataset[tuple[Tensor, int]]):
    def __init__(self, root: Path, rows: list[Row], classes: list[str]) -> None:
        self._root, self._rows, self._classes = root, rows, classes
        self._change = transforms.Compose(
            [
                transforms.Resize((SIZE, SIZE), transforms.InterpolationMode.BICUBIC),
                transforms.ToTensor(),
                transforms.Normalize(MEAN, STD),
            ]
        )

    def __len__(self) -> int:
        return len(self._rows)

    def __getitem__(self, place: int) -> tuple[Tensor, int]:
        row = self._rows[place]
        with Image.open(self._root / row.path) as image:
            return self._change(image.convert("RGB")), self._classes.index(row.label)


def _loader(
    part: Part, rows: list[Row], classes: list[str], *, stay: bool
) -> DataLoader[tuple[Tensor, int]]:
    return DataLoader(
        _Images(Path(part.root), rows, classes),
        batch_size=BATCH,
        shuffle=rows[0].part == "train",
        num_workers=_WORKERS,
        persistent_workers=stay,
    )


class _Model(nn.Module):
    """The backbone in two parts, what stays and what learns, and a linear head."""

    def __init__(self, task: Task, classes: int, *, careful: bool) -> None:
        super().__init__()
        stages = list(pretrained())
        first = {"frozen": len(stages), "top": len(stages) - 1 - TOP_STAGES, "full": 0}[task]
        self.frozen = nn.Sequential(*stages[:first]).requires_grad_(requires_grad=False)
        self.tuned = nn.Sequential(*stages[first:])
        self.head = nn.Linear(FEATURES, classes)
        self._careful = careful
        self._memory = torch.channels_last if careful else torch.contiguous_format

    def train(self, mode: bool = True) -> _Model:
        super().train(mode)
        if self._careful:
            self.frozen.eval()
        return self

    def forward(self, images: Tensor) -> Tensor:
        images = images.contiguous(memory_format=self._memory)
        with torch.set_grad_enabled(torch.is_grad_enabled() and not self._careful):
            below = self.frozen(images)
        logits: Tensor = self.head(self.tuned(below))
        return logits


def _train(
    model: _Model, part: Part, loaders: dict[str, DataLoader[tuple[Tensor, int]]], clock: Clock
) -> None:
    optimizer = _optimizer(model, part.task)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, part.epochs)
    best, reached = copy.deepcopy(model.state_dict()), 0.0
    for _ in range(part.epochs):
        _epoch(model, loaders["train"], optimizer)
        schedule.step()
        accuracy = _figures(*_predict(model, loaders["validation"]))["accuracy"]
        if accuracy > reached:
            best, reached = copy.deepcopy(model.state_dict()), accuracy
        if not clock.epoch_done():
            break
    model.load_state_dict(best)


def _optimizer(model: _Model, task: Task) -> torch.optim.Optimizer:
    groups = [{"params": model.head.parameters(), "lr": _HEAD_RATE}]
    if task != "frozen":
        rate = _TOP_RATE if task == "top" else _FULL_RATE
        groups.append({"params": model.tuned.parameters(), "lr": rate})
    return torch.optim.AdamW(groups)


def _epoch(
    model: _Model, loader: DataLoader[tuple[Tensor, int]], optimizer: torch.optim.Optimizer
) -> None:
    model.train()
    for images, labels in loader:
        optimizer.zero_grad()
        functional.cross_entropy(model(images), labels).backward()
        optimizer.step()


@torch.no_grad()
def _predict(model: _Model, loader: DataLoader[tuple[Tensor, int]]) -> tuple[Tensor, Tensor]:
    model.eval()
    pairs: Iterator[tuple[Tensor, Tensor]] = (
        (labels, model(images).argmax(1)) for images, labels in loader
    )
    labels, predicted = zip(*pairs, strict=True)
    return torch.cat(labels), torch.cat(predicted)


def _figures(labels: Tensor, predicted: Tensor) -> dict[str, float]:
    return {
        "accuracy": float((labels == predicted).float().mean()),
        "macro_f1": float(f1_score(labels, predicted, average="macro")),
    }
