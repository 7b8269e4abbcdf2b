"""Random changes to whole batches of training images, each image's decided by its own seed."""

from .pipeline import Augment, build_augmentation
from .seeds import sample_seed

__all__ = ["Augment", "build_augmentation", "sample_seed"]
