"""Logistic regression: the head is solved to the optimum on features computed once."""

from __future__ import annotations

from pydantic import Field

from graftwork.plugin_api import BackboneOutline, DataOutline, Plan, SolvedHead, Strategy

from .settings import StrategySettings


class LogisticRegressionSettings(StrategySettings):
    """How strongly the head's weights are held back, and what it learns from in the end."""

    strength: float | None = Field(
        default=None,
        gt=0,
        le=1000,
        description="Penalty on the head's weights: more holds the head back from learning your "
        "images by heart; none: several are tried on the validation images",
    )
    refit: bool = Field(
        default=True,
        description="In the end solve the head once more on training and validation images "
        "together, with the strength that was best; the validation figures are those before",
    )


def plan(
    settings: LogisticRegressionSettings, _backbone: BackboneOutline, _data: DataOutline
) -> Plan:
    """One phase: the head."""
    if settings.strength is None:
        yield SolvedHead(name="Head", refit=settings.refit)
    else:
        yield SolvedHead(name="Head", strengths=(settings.strength,), refit=settings.refit)


LOGISTIC_REGRESSION = Strategy(
    name="logistic-regression",
    title="Logistic regression",
    summary="Choose it to know in seconds what the backbone's features are worth, without a "
    "learning rate or a number of epochs to set.",
    settings=LogisticRegressionSettings,
    plan=plan,
    augmentation="none",
    head="linear",
)
