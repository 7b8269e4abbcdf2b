"""The endings of files that are taken for images where a folder is searched."""

from __future__ import annotations

# HEIC is named so that its images are refused with advice, not passed over as no images.
_KINDS = (
    "avif bmp dib gif heic heif j2k jfif jp2 jpe jpeg jpg mpo pbm pgm png pnm ppm tif tiff webp"
)

IMAGE_SUFFIXES = frozenset(f".{kind}" for kind in _KINDS.split())
"""In small letters, with their dot."""
