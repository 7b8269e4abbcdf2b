"""Small labelled image folders that tests make."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path

import numpy as np
import tifffile
from PIL import Image

COLOURS = {"blue": (40, 60, 200), "green": (50, 180, 60), "red": (200, 50, 40)}


def make_image(
    seed: int, colour: tuple[int, int, int], size: tuple[int, int] = (40, 32)
) -> Image.Image:
    """A noisy patch of one colour, ``size`` = (width, height)."""
    noise = np.random.default_rng(seed).integers(-40, 40, (size[1], size[0], 3))
    return Image.fromarray((np.array(colour) + noise).clip(0, 255).astype(np.uint8))


def make_folder(root: Path, per_class: int = 12, classes: tuple[str, ...] = tuple(COLOURS)) -> Path:
    """A folder ``root`` of class folders with PNG files."""
    for name in classes:
        (root / name).mkdir(parents=True)
        for index in range(per_class):
            make_image(index, COLOURS[name]).save(root / name / f"{index:03}.png")
    return root


def png_of_size(width: int, height: int) -> bytes:
    """A few bytes that call themselves a PNG image of this size, but end too early."""
    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    chunks = _chunk(b"IHDR", header), _chunk(b"IDAT", zlib.compress(b"0" * 99))
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


def _chunk(kind: bytes, content: bytes) -> bytes:
    check = struct.pack(">I", zlib.crc32(kind + content))
    return struct.pack(">I", len(content)) + kind + content + check


def make_deep_folder(folder: Path, *, channels: int) -> None:
    """Two classes of four TIFFs with so many bands, 16 bits, whose values are 1000 to 3000."""
    ramp = np.linspace(1000, 3000, 32 * 32 * channels).reshape(32, 32, channels).astype(np.uint16)
    for label in ("one", "two"):
        (folder / label).mkdir(parents=True)
        for number in range(4):
            file = folder / label / f"{number}.tif"
            tifffile.imwrite(file, ramp, photometric="minisblack", planarconfig="contig")
