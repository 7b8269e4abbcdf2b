"""The kinds of phase that a strategy can ask for, and what it hears back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

HEAD = "head"
"""The name of the topmost stage, the classifier that is put on the backbone."""

Schedule = Literal["constant", "cosine", "one-cycle", "warm-restarts", "plateau"]
Augmentation = Literal["none", "light", "strong"]
BatchNorm = Literal["frozen", "learning", "adapting", "re-estimated"]
"""Whose batch normalization follows the user's images.

None; that of learning stages; all; none, but all statistics are measured anew on the training
images before the phase begins.
"""


@dataclass(frozen=True, kw_only=True)
class LowRank:
    """Weights learn through the product of two thin matrices, which is added to them.

    LoRA: Hu et al., "LoRA: Low-Rank Adaptation of Large Language Models" (2021). ``rank`` is the
    inner width; the product is scaled by ``alpha / rank``. It is merged when the phase ends.
    """

    rank: int = 8
    alpha: float = 16.0


Learning = Literal["weights", "norms-and-biases"] | LowRank
"""What learns in the stages that learn: all weights, norms and biases alone, or low-rank additions.

Norms and biases: Ben Zaken et al., "BitFit" (2021). The head always learns whole.
"""


@dataclass(frozen=True, kw_only=True)
class L2SP:
    """Pulls the backbone's weights towards those that the run began with, the head's to zero.

    Li, Grandvalet and Davoine, "Explicit Inductive Bias for Transfer Learning" (2018). Stages that
    began with random weights are pulled to zero, too, with ``head_strength``.
    """

    strength: float = 0.01
    head_strength: float = 0.01


@dataclass(frozen=True, kw_only=True)
class EWC:
    """Pulls each weight back as strongly as what was learned before depends on it.

    Kirkpatrick et al., "Overcoming catastrophic forgetting" (2017). ``images`` of the earlier
    training are used to measure that; it needs a run that starts from another run.
    """

    strength: float = 100.0
    images: int = 256


Penalty = L2SP | EWC


@dataclass(frozen=True, kw_only=True)
class EMA:
    """Validates, and keeps, an exponential moving average of the weights, ``decay`` a step."""

    decay: float = 0.99


@dataclass(frozen=True, kw_only=True)
class SWA:
    """Averages the weights at the ends of epochs, from the part ``start`` of the phase on.

    Izmailov et al., "Averaging Weights Leads to Wider Optima" (2018).
    """

    start: float = 0.5


@dataclass(frozen=True, kw_only=True)
class WiSE:
    """When the phase ends, mixes its first with its best weights; validation picks the part.

    Wortsman et al., "Robust fine-tuning of zero-shot models" (2022). ``parts`` are the parts of
    the best weights that are tried.
    """

    parts: tuple[float, ...] = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)


Averaging = EMA | SWA | WiSE


@dataclass(frozen=True, kw_only=True)
class Phase:
    """A stretch of training by gradients in which the same stages learn.

    ``rates`` maps a stage's name (``HEAD`` for the head) to its peak learning rate; a stage that
    is not named is frozen. ``epochs`` is the most that will be run; with ``patience`` the phase
    ends after that many epochs without improvement on validation. ``warmup`` is the part of the
    phase, 0 to 1, over which the rates rise; ``schedules`` names stages whose rates follow
    another schedule than the rest. ``augmentation`` overrides the job's for this phase (a head
    that learns without it needs each image's features only once). ``learning`` says which weights
    of the learning stages change. Stages in ``reinitialize`` begin with random weights. Where
    ``penalty`` or ``averaging`` is None, what the user set applies. A phase starts from the best
    weights so far.
    """

    name: str
    epochs: int
    rates: Mapping[str, float]
    schedule: Schedule = "cosine"
    schedules: Mapping[str, Schedule] = field(default_factory=dict)
    warmup: float = 0.0
    patience: int | None = None
    batch_norm: BatchNorm = "learning"
    augmentation: Augmentation | None = None
    learning: Learning = "weights"
    reinitialize: tuple[str, ...] = ()
    penalty: Penalty | None = None
    averaging: Averaging | None = None


@dataclass(frozen=True, kw_only=True)
class SolvedHead:
    """The linear head is solved to the optimum on the features of the whole backbone.

    Multinomial logistic regression by L-BFGS: the mean loss, plus half of the strength times the
    squared weights of centered and scaled features. Of ``strengths`` the one is kept that is best
    on the validation images; they are tried from the strongest down, until two in a row bring no
    gain. There is one epoch to report for each that was tried.

    With ``refit`` the head is then solved once more, with that strength, on training and
    validation images together, and this head is kept. Only a plan's last phase should do so: a
    later one could not choose by images that were learned from.
    """

    name: str
    strengths: tuple[float, ...] = (
        30.0, 10.0, 3.0, 1.0, 0.3, 0.1, 0.03, 0.01, 0.003, 0.001, 0.0001
    )  # fmt: skip
    refit: bool = False


@dataclass(frozen=True, kw_only=True)
class PrototypeHead:
    """The cosine head's weights become the mean direction of each class's features.

    Snell et al., "Prototypical Networks" (2017), and Gidaris and Komodakis (2018) for the cosine.
    The scale of the cosines is chosen on the validation images.
    """

    name: str


@dataclass(frozen=True, kw_only=True)
class MeasuredStages:
    """Measures how much each stage wants to change: gradient norm over weight norm.

    Nothing learns. The report's ``measures`` has the ratio of each stage that has weights, over
    at most ``images`` training images (Lee et al., "Surgical Fine-Tuning", 2023: Auto-RGN).
    """

    name: str
    images: int = 512


AnyPhase = Phase | SolvedHead | PrototypeHead | MeasuredStages


@dataclass(frozen=True, kw_only=True)
class PhaseReport:
    """What a phase reached: figures on the validation images.

    ``best_score`` is the job's chosen metric (greater is better; the loss and the Brier score count
    negative) at the phase's best epoch; ``improved`` says whether it beat every phase before.
    ``measures`` is what a ``MeasuredStages`` found, by stage; it trains nothing, so its figures are
    those of the best weights so far.
    """

    phase: AnyPhase
    epochs_run: int
    best_epoch: int
    best_score: float
    best_loss: float
    best_accuracy: float
    improved: bool
    measures: Mapping[str, float] = field(default_factory=dict)
