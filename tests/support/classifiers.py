"""Classifiers on the tiny backbone."""

from __future__ import annotations

import torch

from graftwork.data.input_spec import input_spec
from graftwork.engine.classifier import Classifier, build_classifier
from graftwork.engine.classifier_info import ClassifierInfo
from graftwork.engine.heads.spec import HeadSpec
from graftwork.plugin_api import HeadKind

from .tiny import TINY


def tiny_classifier(
    *,
    fit: str = "squash",
    channels: int = 3,
    dropout: float = 0.0,
    head: HeadKind = "linear",
    classes: tuple[str, ...] = ("a", "b", "c"),
) -> Classifier:
    """A classifier with random weights that are always the same."""
    info = ClassifierInfo(
        classes=classes,
        input=input_spec(TINY.preprocessing, fit=fit, channels=channels),
        backbone="tiny",
        strategy="feature-extraction",
        head=HeadSpec(kind=head, hidden_units=24, dropout=dropout),
        data_fingerprint="f" * 64,
        graftwork_version="0",
    )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        return build_classifier(TINY, info)
