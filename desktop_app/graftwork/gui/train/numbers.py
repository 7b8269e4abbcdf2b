"""The numbers that the user may set, in one model for one form, and the job made from them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, create_model

from graftwork.engine.job import DataSettings, StartSettings, TrainingJob
from graftwork.engine.training_settings import GROUPS, TrainingSettings
from graftwork.gui.data.opening import Wish

MAIN = frozenset(
    {"fit", "batch_size", "augmentation", "domain", "validation", "test", "seed"},
)
"""The numbers that most people meet; the rest is folded away."""

_HELD_OUT = ("validation", "test")


def numbers_model() -> type[BaseModel]:
    """The training's settings, the parts that are held out, and the seed, in one model."""
    models = (
        (TrainingSettings, tuple(TrainingSettings.model_fields)),
        (DataSettings, _HELD_OUT),
        (TrainingJob, ("seed",)),
    )
    fields = {
        name: (model.model_fields[name].annotation, model.model_fields[name])
        for model, names in models
        for name in names
    }
    made: type[BaseModel] = create_model("Numbers", **fields)  # type: ignore[call-overload]
    return made


def group_headings() -> dict[str, str]:
    """What stands above the first folded field of each group."""
    folded = {
        heading: [name for name in group.model_fields if name not in MAIN]
        for heading, group in GROUPS.items()
    }
    return {names[0]: heading for heading, names in folded.items()}


def make_job(
    wish: Wish,
    backbone: str,
    strategy: str,
    strategy_settings: Mapping[str, Any],
    numbers: Mapping[str, Any],
    start: StartSettings | None = None,
) -> TrainingJob:
    """The job that trains on this data; raises ``pydantic.ValidationError``."""
    data = DataSettings(
        path=wish.path,
        reader=wish.reader,
        reader_options=dict(wish.options),
        **{name: numbers[name] for name in _HELD_OUT},
    )
    return TrainingJob(
        data=data,
        backbone=backbone,
        strategy=strategy,
        strategy_settings=dict(strategy_settings),
        training=TrainingSettings(**{k: numbers[k] for k in TrainingSettings.model_fields}),
        start=start,
        seed=numbers["seed"],
    )
