"""fastai's `vision_learner` on the same backbone: as installed, and at its best setting.

Its head, its optimizer, its one-cycle schedule and its rates are its own. As installed, the batch
normalization of frozen stages learns (`train_bn=True`), so that gradients run all the way down.

At its best: `train_bn=False` with the `BnFreeze` callback, channels_last (without the half
precision that `to_channelslast` turns on for GPUs), heap kept (by the environment).
"""

from __future__ import annotations

from typing import Any

import pandas as pd
from fastai.callback.channelslast import ChannelsLast
from fastai.callback.training import BnFreeze
from fastai.vision.all import (
    Adam,
    Callback,
    CancelFitException,
    ImageDataLoaders,
    L,
    Learner,
    Normalize,
    Resize,
    ResizeMethod,
    params,
    set_seed,
    vision_learner,
)
from sklearn.metrics import f1_score
from torch import nn

from .clock import Clock
from .network import MEAN, STD
from .network import pretrained as pretrained_stages
from .part import BATCH, SIZE, TOP_STAGES, Part
from .table import read

LOADERS = True

_RATES = slice(1e-5, 1e-3)


def run(part: Part, clock: Clock) -> dict[str, float]:
    """Fit one cycle (or `fine_tune`), and measure on the test images."""
    set_seed(part.seed)
    rows = pd.DataFrame(read(part.table))
    learner = _learner(part, _loaders(part, rows))
    learner.add_cb(_Watch(clock))
    with learner.no_bar(), learner.no_logging():
        _fit(learner, part)
        learner.remove_cbs(_Watch)
        tested = learner.dls.test_dl(rows[rows.part == "test"], with_labels=True)
        probabilities, labels = learner.get_preds(dl=tested)
    predicted = probabilities.argmax(1)
    return {
        "accuracy": float((predicted == labels).float().mean()),
        "macro_f1": float(f1_score(labels, predicted, average="macro")),
    }


def _loaders(part: Part, rows: pd.DataFrame) -> Any:
    seen = rows[rows.part != "test"].assign(held_out=lambda table: table.part == "validation")
    return ImageDataLoaders.from_df(
        seen,
        path=part.root,
        fn_col="path",
        label_col="label",
        valid_col="held_out",
        item_tfms=Resize(SIZE, ResizeMethod.Squish),
        batch_tfms=Normalize.from_stats(MEAN, STD),
        bs=BATCH,
    )


def _learner(part: Part, loaders: Any) -> Any:
    best_setting = part.contender.endswith("-best")
    learner = vision_learner(
        loaders,
        _body_and_pool,
        cut=-1,
        opt_func=Adam,
        splitter=_groups,
        train_bn=not best_setting,
    )
    if best_setting:
        learner.add_cbs([ChannelsLast(), BnFreeze()])
    return learner


def _body_and_pool(*, pretrained: bool) -> nn.Sequential:
    assert pretrained
    return pretrained_stages()


def _groups(model: nn.Sequential) -> L:
    """Lower stages, top stages, head: what `freeze` and `freeze_to` count."""
    stages = list(model[0].children())
    lower, top = nn.Sequential(*stages[:-TOP_STAGES]), nn.Sequential(*stages[-TOP_STAGES:])
    return L(lower, top, model[1]).map(params)


def _fit(learner: Learner, part: Part) -> None:
    match part.task:
        case "frozen":
            learner.fit_one_cycle(part.epochs)
        case "top":
            learner.freeze_to(-2)
            learner.fit_one_cycle(part.epochs, _RATES)
        case "full":  # one frozen epoch, the rest unfrozen
            learner.fine_tune(max(1, part.epochs - 1))


class _Watch(Callback):  # type: ignore[misc]
    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    def before_fit(self) -> None:
        if self._clock.stopped:
            raise CancelFitException

    def after_epoch(self) -> None:
        if not self._clock.epoch_done():
            raise CancelFitException
