"""From an image file to its pixels, whatever the format; every failure becomes a reason."""

from __future__ import annotations

import contextlib
import errno
from collections.abc import Iterator
from pathlib import Path

import imagecodecs
import numpy as np
from PIL import Image, UnidentifiedImageError

from graftwork.files import sha256_of
from graftwork.plugin_api import Decoder, UnusableImageError

from .quiet import quiet_libraries
from .raster import (
    MAX_PIXELS,
    Alpha,
    Array,
    Colors,
    Raster,
    check_size,
    in_common_depth,
    to_channels,
)
from .tiff import is_deep_tiff, read_tiff

__all__ = [
    "MAX_PIXELS",
    "decode",
    "decode_and_hash",
    "decode_with",
    "may_be_deep",
    "may_pass",
    "stored_size",
]

_FORMATS = ("JPEG", "PNG", "BMP", "DIB", "GIF", "WEBP", "TIFF", "PPM", "JPEG2000", "AVIF")
_PNG = b"\x89PNG\r\n\x1a\n"
_TIFF = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
_SHALLOW = (b"\xff\xd8\xff", b"GIF8", b"BM", b"RIFF")
_HEAD_LENGTH = 32
_ORIENTATION = 0x0112
_FAULTS_OF_CONTENT = frozenset({errno.EISDIR, errno.EINVAL})  # such as an offset below zero


def decode(path: Path, channels: int) -> Array:
    """Upright pixels (height, width, channels) of the file's first image.

    They are uint8, or uint16, int32 or float32 where the file is deeper. One channel is luminance,
    three are RGB, transparent parts are white; for any other number the file must have just as
    many bands. Raises ``UnusableImageError``, and nothing else.
    """
    with _reasons(), quiet_libraries():
        return to_channels(_read(path, channels), channels)


def decode_with(decoder: Decoder, path: Path, channels: int) -> Array:
    """What any decoder gives; its failures and wrong results become ``UnusableImageError``."""
    with _reasons():
        image = decoder(path, channels)
    if fault := _fault_of(image, channels):
        msg = f"its decoder gave {fault}"
        raise UnusableImageError(msg)
    return image


def _fault_of(image: object, channels: int) -> str:
    """What is wrong with decoded pixels; empty if nothing is."""
    if not isinstance(image, np.ndarray):
        return f"{type(image).__name__}, not an array of pixels"
    depths = ("uint8", "uint16", "int32", "float32")
    if image.ndim != 3 or image.shape[2] != channels or image.dtype.name not in depths:
        return f"{image.dtype} of shape {image.shape}, not {channels} channels"
    if not image.size:
        return f"no pixel: its shape is {image.shape}"
    finite = image.dtype.kind != "f" or np.isfinite(image).all()
    return "" if finite else "values that are not finite"


def decode_and_hash(decoder: Decoder, path: Path, channels: int) -> tuple[Array, str]:
    """As ``decode_with``, and the SHA-256 of the file."""
    image = decode_with(decoder, path, channels)
    with _reasons():
        return image, sha256_of(path)


def may_pass(error: BaseException) -> bool:
    """Whether the machine failed (no memory, no permission, a lost drive), not the file's content.

    Such a file may be usable the next time, though it has not changed.
    """
    cause = error.__cause__ or error.__context__ or error
    if isinstance(cause, OSError):  # Pillow raises them without a number for damaged files
        return cause.errno is not None and cause.errno not in _FAULTS_OF_CONTENT
    return isinstance(cause, MemoryError)


def may_be_deep(path: Path) -> bool:
    """Whether the file may hold more than 8 bits a value; false if it cannot be read."""
    with contextlib.suppress(UnusableImageError), _reasons(), quiet_libraries():
        head = _head(path)
        if head.startswith(_TIFF):
            return is_deep_tiff(path)
        return not head.startswith(_SHALLOW) and (not _is_png(head) or _is_deep_png(head))
    return False


def stored_size(path: Path) -> tuple[int, int] | None:
    """Width and height by the file's header, before it is turned upright; None if unknown."""
    with (
        contextlib.suppress(UnusableImageError),
        _reasons(),
        quiet_libraries(),
        Image.open(path, formats=_FORMATS) as image,
    ):
        return image.size
    return None


def _read(path: Path, channels: int) -> Raster:
    head = _head(path)
    if head.startswith(_TIFF):
        return read_tiff(path, channels) or _read_with_pillow(path)
    if _is_png(head) and _is_deep_png(head):
        return _read_deep_png(path)
    return _read_with_pillow(path)


def _head(path: Path) -> bytes:
    with path.open("rb") as file:
        head = file.read(_HEAD_LENGTH)
    if not head:
        msg = "the file is empty"
        raise UnusableImageError(msg)
    _refuse_known_strangers(head)
    return head


def _refuse_known_strangers(head: bytes) -> None:
    if head[4:12] in (b"ftypheic", b"ftypheix", b"ftypmif1", b"ftypmsf1"):
        msg = "HEIC images are not supported; save it as JPEG or PNG"
        raise UnusableImageError(msg)


def _is_png(head: bytes) -> bool:
    return head.startswith(_PNG)


def _is_deep_png(head: bytes) -> bool:
    return head[24:25] == b"\x10"


def _read_with_pillow(path: Path) -> Raster:
    with Image.open(path, formats=_FORMATS) as image:
        check_size(*image.size)
        image.load()
        orientation = _orientation(image)
        mode, colors, alpha = _target(image)
        pixels = np.asarray(image if image.mode == mode else image.convert(mode))
    pixels = in_common_depth(pixels if pixels.ndim == 3 else pixels[:, :, None])
    return Raster(pixels=pixels, colors=colors, alpha=alpha, orientation=orientation)


def _target(image: Image.Image) -> tuple[str, Colors, Alpha]:
    """The mode that keeps all of the image in bands of grey, RGB or CMYK."""
    if image.mode.startswith(("I", "F")):
        return image.mode, "grey", "none"
    if image.mode == "CMYK":
        return "CMYK", "cmyk", "none"
    grey = image.mode in ("1", "L", "LA", "La")
    if image.has_transparency_data:
        return ("LA" if grey else "RGBA"), ("grey" if grey else "rgb"), "straight"
    return ("L", "grey", "none") if grey else ("RGB", "rgb", "none")


def _orientation(image: Image.Image) -> int:
    # A damaged EXIF block raises almost anything and must not cost the image.
    with contextlib.suppress(Exception):
        return int(image.getexif().get(_ORIENTATION, 1))
    return 1


def _read_deep_png(path: Path) -> Raster:
    """PNG of 16 bits a value, which Pillow would cut to 8 except for plain grey."""
    with Image.open(path, formats=("PNG",)) as image:
        check_size(*image.size)
        orientation = _orientation(image)
    pixels = imagecodecs.png_decode(path.read_bytes())
    pixels = pixels if pixels.ndim == 3 else pixels[:, :, None]
    bands = pixels.shape[2]
    return Raster(
        pixels=pixels,
        colors="grey" if bands <= 2 else "rgb",
        alpha="straight" if bands in (2, 4) else "none",
        orientation=orientation,
    )


@contextlib.contextmanager
def _reasons() -> Iterator[None]:
    """Turn whatever the libraries raise into a reason for a person."""
    try:
        yield
    except UnusableImageError:
        raise
    except Exception as error:
        raise UnusableImageError(_reason(error)) from error


_REASONS: tuple[tuple[type[Exception], str], ...] = (
    (FileNotFoundError, "the file is not there (any more)"),
    (PermissionError, "there is no permission to read the file"),
    (IsADirectoryError, "it is a folder, not an image file"),
    (UnidentifiedImageError, "it is not an image of a known format, or is cut off near its start"),
    (Image.DecompressionBombError, f"it is too large: at most {MAX_PIXELS:,} pixels are decoded"),
    (MemoryError, "there is not enough memory to decode it"),
)


def _reason(error: Exception) -> str:
    for kind, reason in _REASONS:
        if isinstance(error, kind):
            return reason
    if isinstance(error, OSError) and error.strerror:
        return f"the file cannot be read: {error.strerror}"
    return f"the file is damaged or cut off ({_detail(error)})"


def _detail(error: Exception) -> str:
    return (str(error).splitlines() or [""])[0][:200] or type(error).__name__
