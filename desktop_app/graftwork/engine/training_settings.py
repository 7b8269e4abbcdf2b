"""The numbers that all strategies share, in groups; a job holds them flat."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from graftwork.data.domains import Domain, Policy
from graftwork.data.input_spec import Fit

from .stage_schedules import parse_stage_schedules

Optimizer = Literal["adamw", "sgd"]
BestMetric = Literal["brier", "balanced-accuracy", "accuracy", "macro-f1", "loss"]
Device = Literal["auto", "cpu", "cuda", "mps"]
Precision = Literal["auto", "fp32", "bf16", "fp16"]
AugmentationChoice = Literal["auto", "none", "light", "strong"]
ScheduleChoice = Literal["auto", "constant", "cosine", "one-cycle", "warm-restarts", "plateau"]
BatchNormChoice = Literal["auto", "frozen", "learning", "adapting", "re-estimated"]
HeadChoice = Literal["auto", "linear", "mlp", "cosine", "hierarchical"]
FirstLayer = Literal["auto", "summed", "averaged", "replicated", "new"]
ClassWeights = Literal["none", "inverse", "effective-number"]
Sampling = Literal["shuffled", "balanced"]
PenaltyChoice = Literal["auto", "none", "l2-sp", "ewc"]
AveragingChoice = Literal["auto", "none", "ema", "swa", "wise"]
FrozenPassChoice = Literal[
    "auto", "torch", "torch-bf16", "onnxruntime", "openvino", "openvino-bf16"
]
CompileChoice = Literal["auto", "off", "on"]


def _names_schedules(text: str) -> str:
    parse_stage_schedules(text)
    return text


# With its check in the type, so that models made of these fields check it, too.
StageSchedules = Annotated[str, AfterValidator(_names_schedules)]


class Settings(BaseModel):
    """Settings that do not change and refuse names that they do not know."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class InputSettings(Settings):
    """What the network sees of an image."""

    fit: Fit = Field(
        default="squash",
        title="Into a square",
        description="How an image becomes a square: squash (all of it, distorted), "
        "crop (the middle), pad (all of it, with borders)",
    )
    size: int | None = Field(
        default=None, ge=8, le=4096, description="Side of the square in pixels; none: pretrained"
    )
    channels: int = Field(
        default=3, ge=1, le=64, description="Channels of an image that the network sees"
    )
    first_layer: FirstLayer = Field(
        default="auto",
        description="How the first layer takes other than 3 channels; auto: summed for one, "
        "replicated for more",
    )


class AugmentationSettings(Settings):
    """Random changes to training images."""

    augmentation: AugmentationChoice = Field(
        default="auto", description="Random changes to training images; auto: the strategy's advice"
    )
    domain: Domain = Field(
        default="documents",
        title="Kind of images",
        description="What random changes may turn round: nothing in documents, X-rays, digits; "
        "left and right in photographs; everything in microscopy and satellite images",
    )
    policy: Policy = Field(
        default="none",
        description="Further random changes of color and shape; none: the level's own",
    )
    erasing: float = Field(
        default=0.0,
        ge=0,
        le=1,
        description="Part of the images from which a patch is erased (strong: at least 0.25)",
    )
    mixup: float = Field(
        default=0.0, ge=0, le=10, description="MixUp: how far images are blended in pairs; 0: never"
    )
    cutmix: float = Field(
        default=0.0, ge=0, le=10, description="CutMix: patches of other images; 0: never"
    )
    views: int | None = Field(
        default=None,
        ge=1,
        le=1000,
        description="Changed views of an image to compute once for frozen stages; none: by cost",
    )


class LossSettings(Settings):
    """What training calls an error, and how rare classes count."""

    label_smoothing: float = Field(
        default=0.0, ge=0, lt=1, description="How far targets are moved towards all classes alike"
    )
    class_weights: ClassWeights = Field(
        default="none", description="Whether images of rare classes weigh more"
    )
    sampling: Sampling = Field(
        default="shuffled", description="balanced: every class is seen equally often"
    )
    focal_gamma: float = Field(
        default=0.0, ge=0, le=10, description="Focal loss: how much easy images count less; 0: off"
    )
    logit_adjustment: float = Field(
        default=0.0,
        ge=0,
        le=3,
        description="Corrects for how frequent classes are while training; 0: off, 1: in full",
    )


class HeadSettings(Settings):
    """The classifier that is put on the backbone."""

    head: HeadChoice = Field(
        default="auto",
        description="linear, mlp (one hidden layer), cosine (directions only, for few images), "
        "hierarchical (for class names such as a/b/c); auto: the strategy's",
    )
    hidden_units: int = Field(default=256, ge=1, le=8192, description="Width of an MLP head")
    dropout: float = Field(
        default=0.0, ge=0, lt=1, description="Part of the features dropped before the head"
    )


class OptimizerSettings(Settings):
    """How weights follow the gradients, and what holds them back."""

    batch_size: int = Field(default=32, ge=1, le=4096, description="Images in one step")
    accumulate: int = Field(
        default=1, ge=1, le=1024, description="Parts in which a step's images pass, to save memory"
    )
    optimizer: Optimizer = Field(default="adamw", description="How weights follow the gradients")
    schedule: ScheduleChoice = Field(
        default="auto", description="How rates change in a phase; auto: the strategy's choice"
    )
    stage_schedules: StageSchedules = Field(
        default="",
        description="Stages whose rates change in another way: stem=constant, head=one-cycle",
    )
    warmup: float | None = Field(
        default=None,
        ge=0,
        lt=1,
        description="Part of a phase over which rates rise at first; none: the strategy's choice",
    )
    momentum: float = Field(default=0.9, ge=0, lt=1, description="Momentum of SGD")
    clip_gradients: float | None = Field(
        default=None,
        gt=0,
        description="Greatest norm of a step's gradients, all taken together; none: any",
    )
    weight_decay: float = Field(
        default=0.01, ge=0, le=1, description="Pull towards zero (not on norms and biases)"
    )
    stochastic_depth: float | None = Field(
        default=None,
        ge=0,
        lt=1,
        description="Part of the images that skip a block, where a backbone can; none: its own",
    )
    batch_norm: BatchNormChoice = Field(
        default="auto", description="Whose statistics follow your images; auto: the strategy's"
    )
    penalty: PenaltyChoice = Field(
        default="auto", description="What pulls weights back to what was learned before"
    )
    penalty_strength: float | None = Field(
        default=None,
        gt=0,
        description="How strongly earlier weights pull; none: what is usual for the penalty",
    )
    averaging: AveragingChoice = Field(
        default="auto", description="Average of weights that is validated and kept"
    )


class ComputeSettings(Settings):
    """Where and how it is computed."""

    best_metric: BestMetric = Field(
        default="brier",
        description="The validation figure that decides which weights are kept",
    )
    device: Device = Field(default="auto", description="Where to compute; auto: the fastest found")
    precision: Precision = Field(
        default="auto", description="Arithmetic of training steps; auto: what suits device and net"
    )
    frozen_pass: FrozenPassChoice = Field(
        default="auto", description="What computes frozen stages; auto: the fastest exact one"
    )
    compile: CompileChoice = Field(
        default="auto", description="Compile training steps; auto: if that pays within the run"
    )
    keep_epochs: bool = Field(
        default=False, description="Keep the weights of every epoch, to start other runs from"
    )
    keep_sample: int = Field(
        default=0, ge=0, le=1000, description="Images of a class kept, to train on with later ones"
    )


class TrainingSettings(
    ComputeSettings,
    OptimizerSettings,
    HeadSettings,
    LossSettings,
    AugmentationSettings,
    InputSettings,
):
    """The numbers that all strategies share."""


GROUPS: Mapping[str, type[Settings]] = MappingProxyType(
    {
        "Images": InputSettings,
        "Random changes": AugmentationSettings,
        "Loss and rare classes": LossSettings,
        "Head": HeadSettings,
        "Steps and rates": OptimizerSettings,
        "Computing": ComputeSettings,
    }
)
"""The groups in their order, by what a person calls them."""
