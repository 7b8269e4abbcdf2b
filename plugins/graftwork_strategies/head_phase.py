"""The phase with which most strategies begin: only the head learns."""

from __future__ import annotations

from graftwork.plugin_api import HEAD, Phase


def head_phase(*, epochs: int, rate: float, patience: int | None) -> Phase:
    """Train the head on the frozen backbone, without augmentation, so that features are reused."""
    return Phase(
        name="Head",
        epochs=epochs,
        rates={HEAD: rate},
        patience=patience,
        batch_norm="frozen",
        augmentation="none",
    )
