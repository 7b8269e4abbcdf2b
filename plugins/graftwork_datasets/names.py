"""Names that both readers know: parts of a split, and endings of image files."""

from __future__ import annotations

import unicodedata
from pathlib import Path

from graftwork.plugin_api import Item, Part

_PART_NAMES: dict[str, Part] = {
    "train": "train",
    "training": "train",
    "val": "validation",
    "valid": "validation",
    "validation": "validation",
    "test": "test",
}

# HEIC is named so that its images are refused with advice, not passed over as no images.
IMAGE_SUFFIXES = frozenset(
    [
        ".jpg",
        ".jpeg",
        ".jpe",
        ".jfif",
        ".mpo",
        ".png",
        ".bmp",
        ".dib",
        ".gif",
        ".webp",
        ".tif",
        ".tiff",
        ".ppm",
        ".pgm",
        ".pbm",
        ".pnm",
        ".jp2",
        ".j2k",
        ".avif",
        ".heic",
        ".heif",
    ]
)


def part_named(name: str) -> Part | None:
    """The part that a folder's or a cell's name means, in any case; None if it means none."""
    return _PART_NAMES.get(name.strip().lower())


def names_image(name: str) -> bool:
    """Whether a file of this name should be an image."""
    return Path(name).suffix.lower() in IMAGE_SUFFIXES


def normalized(name: str) -> str:
    """The name with accents in the one form (NFC) that all systems compare alike."""
    return unicodedata.normalize("NFC", name)


def sorted_by_path(items: list[Item]) -> tuple[Item, ...]:
    """Items in an order that does not depend on the file system or on a table's rows."""
    return tuple(sorted(items, key=lambda item: normalized(item.path.as_posix())))
