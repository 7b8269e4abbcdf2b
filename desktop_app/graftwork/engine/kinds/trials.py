"""What phases share that try several heads on features computed once, and keep the best."""

from __future__ import annotations

import time
from collections.abc import Generator

import torch
from torch import Tensor

from graftwork.data.throttle import Throttle
from graftwork.engine.events import EpochDone, PhaseStarted, Progress, TrainingEvent
from graftwork.engine.frozen.features import frozen_features
from graftwork.engine.inputs import PhaseInputs, Samples
from graftwork.engine.scores import Scores, ScoreTally
from graftwork.engine.setup import TrainingSetup
from graftwork.engine.tally import Tally
from graftwork.plugin_api import HEAD, PhaseReport, PrototypeHead, SolvedHead

from .reporting import best_epoch, epoch_done, phase_ended, phase_report

_BATCH = 256


def whole_features(setup: TrainingSetup) -> Generator[TrainingEvent, None, PhaseInputs]:
    """The features that the whole backbone gives of both parts, without augmentation.

    Those of the test images are computed with them, for the evaluation that follows.
    """
    wanted = setup.job.training.frozen_pass
    parts = setup.train, setup.validation, setup.test
    train, validation, _ = yield from frozen_features(setup.classifier, *parts, wanted=wanted)
    logits = setup.classifier.head
    return PhaseInputs(views=(train,), validation=validation, logits=logits, live=False)


def matrix(samples: Samples) -> Tensor:
    """All features of these samples (n, features), float32."""
    # In chunks: where the disk had no room, each is computed from pixels.
    places = torch.arange(len(samples.labels)).split(_BATCH)
    return torch.cat([samples.batch(few).float() for few in places])


class Trials:
    """The heads that a phase tries: each is an epoch to report."""

    def __init__(
        self, setup: TrainingSetup, phase: SolvedHead | PrototypeHead, number: int, most: int
    ) -> None:
        self._setup, self._phase, self._number, self._most = setup, phase, number, most
        self._epochs: list[EpochDone] = []
        self._began = 0.0

    def begin(self) -> PhaseStarted:
        """The phase's first event; before it, the classifier gets the best weights so far."""
        self._setup.best.begin_phase({HEAD})
        self._began = time.perf_counter()
        return PhaseStarted(
            phase=self._number,
            name=self._phase.name,
            epochs=self._most,
            steps_per_epoch=1,
            rates={},
            precision="fp32",
        )

    def measure(self, inputs: PhaseInputs) -> Generator[TrainingEvent, None, bool]:
        """Report the head as it is now; says whether it is the best of this phase so far."""
        samples = inputs.train(1)
        learned = yield from _scores(self._setup, samples)
        reached = yield from _scores(self._setup, inputs.validation)
        rank = reached.rank(self._setup.job.training.best_metric)
        number = len(self._epochs) + 1
        best = self._setup.best.offer(rank, self._number, number)
        gained = not self._epochs or rank > _rank(best_epoch(self._epochs))
        tally = self._learned(learned, len(samples.labels))
        self._epochs.append(epoch_done(self._number, number, tally, reached, rank[0], best=best))
        yield self._epochs[-1]
        self._began = time.perf_counter()
        return gained

    @property
    def best_place(self) -> int | None:
        """Which of them, counted from 1, the run keeps; none if an earlier phase was better."""
        kept = self._setup.best
        return kept.epoch if kept.phase == self._number else None

    def end(self, reason: str) -> Generator[TrainingEvent, None, PhaseReport]:
        """The phase's last event, and its report."""
        yield phase_ended(self._number, self._epochs, reason)
        return phase_report(self._phase, self._epochs, improved=self.best_place is not None)

    def _learned(self, scores: Scores, images: int) -> Tally:
        """Of the training images, as the head is now."""
        return Tally(
            loss=scores.loss * images,
            right=round(scores.accuracy * images),
            images=images,
            seconds=time.perf_counter() - self._began,
        )


def _rank(epoch: EpochDone) -> tuple[float, float]:
    return epoch.score, -epoch.validation_loss


def _scores(setup: TrainingSetup, samples: Samples) -> Generator[Progress, None, Scores]:
    """Figures of the head as it will be evaluated: in evaluation mode, single precision."""
    head, tally, throttle = setup.classifier.head.eval(), ScoreTally(), Throttle()
    throttle.due()
    for places in torch.arange(len(samples.labels)).split(_BATCH):
        with torch.no_grad():
            logits = head(samples.batch(places).to(setup.device).float())
        tally.add(logits, samples.labels[places])
        if throttle.due():
            yield Progress(what="Measuring", done=int(places[-1]) + 1, total=len(samples.labels))
    return tally.scores()
