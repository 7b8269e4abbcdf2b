"""What is wrong with a phase that a strategy gave, in sentences for the person who wrote it."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import fields
from difflib import get_close_matches
from functools import cache
from typing import Any, get_args, get_type_hints

from pydantic import TypeAdapter, ValidationError
from torch import nn

from graftwork.plugin_api import (
    EMA,
    EWC,
    HEAD,
    L2SP,
    SWA,
    AnyPhase,
    LowRank,
    MeasuredStages,
    Phase,
    SolvedHead,
    WiSE,
)
from graftwork.wrong_values import wrong_values

from .low_rank import low_rank_weights
from .parameters import learning_parameters


def phase_problems(phase: object, stages: Mapping[str, nn.Module]) -> list[str]:
    """All that is wrong with the phase for these stages (by name, the head among them)."""
    if not isinstance(phase, get_args(AnyPhase)):
        return [f"{phase!r} is not a phase"]
    wrong_types = list(_wrong_types(phase))
    return wrong_types or list(_wrong_values(phase, stages))


def _wrong_types(thing: Any) -> Iterator[str]:
    """Dataclasses do not check what they are given."""
    for field in fields(thing):
        value = getattr(thing, field.name)
        try:
            _adapters(thing.__class__)[field.name].validate_python(value, strict=True)
        except ValidationError as error:
            why = " or ".join(dict.fromkeys(each.why for each in wrong_values(error)))
            yield f"{field.name} cannot be {value!r}: it {why}"
            continue
        if isinstance(value, LowRank | L2SP | EWC | EMA | SWA | WiSE):
            yield from _wrong_types(value)


@cache
def _adapters(kind: type) -> dict[str, TypeAdapter[Any]]:
    return {name: TypeAdapter(hint) for name, hint in get_type_hints(kind).items()}


def _wrong_values(phase: Any, stages: Mapping[str, nn.Module]) -> Iterator[str]:
    match phase:
        case Phase():
            yield from _wrong_stages(phase, stages)
            yield from _wrong_numbers(phase)
            for part in (phase.learning, phase.penalty, phase.averaging):
                yield from _wrong_part(part)
        case SolvedHead(strengths=strengths):
            if not strengths or not all(_is_positive(each) for each in strengths):
                yield f"strengths must be numbers above 0, not {strengths!r}"
        case MeasuredStages(images=images):
            if images < 1:
                yield f"images must be at least 1, not {images}"


def _wrong_stages(phase: Phase, stages: Mapping[str, nn.Module]) -> Iterator[str]:
    named = {*phase.rates, *phase.schedules, *phase.reinitialize}
    unknown = sorted(named - set(stages))
    yield from (unknown_stage(name, stages) for name in unknown)
    if not unknown and not any(_learns(phase, name, stages[name]) for name in phase.rates):
        yield "it lets nothing learn"
    elif not unknown and isinstance(phase.learning, LowRank):
        yield from _too_high_a_rank(phase, phase.learning, stages)
    frozen = [name for name in phase.reinitialize if name not in phase.rates]
    if frozen:
        yield f"{', '.join(frozen)} would begin with random weights and never learn"


def _too_high_a_rank(
    phase: Phase, learning: LowRank, stages: Mapping[str, nn.Module]
) -> Iterator[str]:
    """Images would go through stages of which nothing learns."""
    below = [name for name in phase.rates if name != HEAD]
    if below and not any(_learns(phase, name, stages[name]) for name in below):
        yield f"no layer takes an addition of rank {learning.rank}: choose a lower one"


def unknown_stage(name: str, stages: Iterable[str]) -> str:
    """Says that there is no such stage, and which was perhaps meant."""
    near = get_close_matches(name, stages, n=2)
    hint = f"did you mean {' or '.join(near)}?" if near else f"it has {', '.join(stages)}"
    return f"the backbone has no stage {name!r} ({hint})"


def _learns(phase: Phase, name: str, stage: nn.Module) -> bool:
    if name == HEAD:
        return True
    if isinstance(phase.learning, LowRank):
        return phase.learning.rank < 1 or bool(low_rank_weights(stage, phase.learning))
    return bool(learning_parameters(stage, phase.learning))


def _wrong_numbers(phase: Phase) -> Iterator[str]:
    if phase.epochs < 1:
        yield f"it needs at least one epoch, not {phase.epochs}"
    for name, rate in phase.rates.items():
        if not _is_positive(rate):
            yield f"the rate of {name} must be a number above 0, not {rate}"
    if not 0 <= phase.warmup <= 1:
        yield f"warmup is a part of the phase, 0 to 1, not {phase.warmup}"
    if phase.patience is not None and phase.patience < 1:
        yield f"patience must be at least one epoch, not {phase.patience}"


def _wrong_part(part: object) -> Iterator[str]:
    match part:
        case LowRank(rank=rank, alpha=alpha) if rank < 1 or not _is_positive(alpha):
            yield f"low-rank learning needs a rank of at least 1 and an alpha above 0: {part}"
        case L2SP(strength=strength, head_strength=head):
            if not (_is_amount(strength) and _is_amount(head)):
                yield f"a penalty's strengths must be numbers of at least 0: {part}"
        case EWC(strength=strength, images=images) if not _is_amount(strength) or images < 1:
            yield f"a penalty needs a strength of at least 0 and at least one image: {part}"
        case EMA(decay=decay) if not 0 <= decay < 1:
            yield f"an average's decay must be at least 0 and below 1, not {decay}"
        case SWA(start=start) if not 0 <= start < 1:
            yield f"an average starts at a part of the phase, 0 to below 1, not {start}"
        case WiSE(parts=parts) if not parts or not all(0 <= each <= 1 for each in parts):
            yield f"the parts of a mixture must be numbers from 0 to 1, not {parts}"


def _is_positive(number: float) -> bool:
    return math.isfinite(number) and number > 0


def _is_amount(number: float) -> bool:
    return math.isfinite(number) and number >= 0
