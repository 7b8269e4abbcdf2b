"""Sums over training steps."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Tally:
    """Sums over training steps; ``seconds`` leave out the time that listeners take."""

    loss: float = 0.0
    right: int = 0
    images: int = 0
    seconds: float = 0.0

    def __add__(self, other: Tally) -> Tally:
        return Tally(
            loss=self.loss + other.loss,
            right=self.right + other.right,
            images=self.images + other.images,
            seconds=self.seconds + other.seconds,
        )

    @property
    def mean_loss(self) -> float:
        """The mean loss of an image."""
        return self.loss / self.images

    @property
    def accuracy(self) -> float:
        """The part of the images whose class was found."""
        return self.right / self.images

    @property
    def speed(self) -> float:
        """Images a second."""
        return self.images / max(self.seconds, 1e-9)
