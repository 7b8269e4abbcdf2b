"""What the user chose for all phases, put into a phase that a strategy asks for."""

from __future__ import annotations

from dataclasses import replace

from graftwork.data.augmentation import Augment, build_augmentation
from graftwork.plugin_api import (
    EMA,
    EWC,
    L2SP,
    SWA,
    Augmentation,
    Averaging,
    Penalty,
    Phase,
    Schedule,
    WiSE,
)

from ..stage_schedules import parse_stage_schedules
from ..training_settings import AveragingChoice, PenaltyChoice, TrainingSettings

_PENALTIES: dict[PenaltyChoice, type[Penalty]] = {"l2-sp": L2SP, "ewc": EWC}
_AVERAGES: dict[AveragingChoice, type[Averaging]] = {"ema": EMA, "swa": SWA, "wise": WiSE}


def with_user_choices(phase: Phase, settings: TrainingSettings) -> Phase:
    """The phase as it will run: choices other than ``auto`` replace the strategy's own.

    A chosen schedule holds for all stages but those that the user gave another. Where the strategy
    asks for the same kind of penalty or average, its numbers stay, but for ``penalty_strength``.
    """
    if settings.schedule != "auto":
        phase = replace(phase, schedule=settings.schedule, schedules={})
    phase = replace(phase, schedules={**phase.schedules, **_of_learning_stages(phase, settings)})
    if settings.warmup is not None:
        phase = replace(phase, warmup=settings.warmup)
    if settings.batch_norm != "auto":
        phase = replace(phase, batch_norm=settings.batch_norm)
    return replace(
        phase,
        penalty=_penalty(phase.penalty, settings),
        averaging=_averaging(phase.averaging, settings.averaging),
    )


def chosen_augment(phase: Phase, level: Augmentation, settings: TrainingSettings) -> Augment | None:
    """What changes the phase's images: nothing, where the strategy asks for nothing in it."""
    return None if phase.augmentation == "none" else build_augmentation(level, settings)


def _of_learning_stages(phase: Phase, settings: TrainingSettings) -> dict[str, Schedule]:
    chosen = parse_stage_schedules(settings.stage_schedules)
    return {stage: chosen[stage] for stage in phase.rates if stage in chosen}


def _penalty(wanted: Penalty | None, settings: TrainingSettings) -> Penalty | None:
    chosen = _chosen_penalty(wanted, settings.penalty)
    if chosen is None or settings.penalty_strength is None:
        return chosen
    return replace(chosen, strength=settings.penalty_strength)


def _chosen_penalty(wanted: Penalty | None, choice: PenaltyChoice) -> Penalty | None:
    if choice == "auto":
        return wanted
    if choice == "none":
        return None
    kind = _PENALTIES[choice]
    return wanted if isinstance(wanted, kind) else kind()


def _averaging(wanted: Averaging | None, choice: AveragingChoice) -> Averaging | None:
    if choice == "auto":
        return wanted
    if choice == "none":
        return None
    kind = _AVERAGES[choice]
    return wanted if isinstance(wanted, kind) else kind()
