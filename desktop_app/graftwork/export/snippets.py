"""How an exported model is used elsewhere, in a few lines to copy."""

from __future__ import annotations

import json
import shlex
from pathlib import Path

from graftwork.data.input_spec import InputSpec, IntensityRange


def command(file: Path) -> str:
    """The command that names the images of a folder."""
    return f"graftwork predict {shlex.quote(str(file))} FOLDER"


def program(file: Path, spec: InputSpec) -> str:
    """A Python program that asks a model of images about one, which it reads as training did."""
    imports, reading = _reading(spec)
    return _IMAGES.format(file=_quoted(file), imports=imports, reading=reading)


def plain_program(file: Path) -> str:
    """A Python program that asks a model of prepared input."""
    return _PLAIN.format(file=_quoted(file))


def _quoted(file: Path) -> str:
    """As Python reads it, too."""
    return json.dumps(str(file), ensure_ascii=False)


def _reading(spec: InputSpec) -> tuple[str, str]:
    """The import and the lines that make ``image``, uint8 (height, width, channels)."""
    if spec.channels not in (1, 3):
        return "import tifffile", _BANDS + (_of_deep(spec.intensity) if spec.intensity else "")
    if spec.intensity:
        repeated = f"image = np.repeat(image[:, :, None], {spec.channels}, axis=2)\n"
        return "from PIL import Image", _DEEP + _of_deep(spec.intensity) + repeated
    return "from PIL import Image, ImageOps", _ON_WHITE + (_GREY if spec.channels == 1 else _RGB)


def _of_deep(intensity: IntensityRange) -> str:
    low, scale = intensity.low, 255 / ((intensity.high - intensity.low) or 1.0)
    return (
        "if image.dtype != np.uint8:  # the range of the images that it learned from\n"
        f"    image = np.rint((image.astype(np.float32) - {low!r}) * {scale!r})\n"
        "    image = image.clip(0, 255).astype(np.uint8)\n"
    )


_IMAGES = """\
import json
import numpy as np
import onnxruntime
{imports}

{reading}
model = onnxruntime.InferenceSession({file})
probabilities = model.run(None, {{"images": image[None]}})[0][0]
classes = json.loads(model.get_modelmeta().custom_metadata_map["classes"])
print(classes[probabilities.argmax()], probabilities.max())
"""

_ON_WHITE = """\
picture = ImageOps.exif_transpose(Image.open("image.jpg")).convert("RGBA")
white = Image.new("RGBA", picture.size, "white")
picture = Image.alpha_composite(white, picture)
"""
_RGB = 'image = np.array(picture.convert("RGB"))\n'
_GREY = 'image = np.array(picture.convert("L"))[:, :, None]\n'
_DEEP = 'image = np.array(Image.open("image.tif"))  # (height, width), grey\n'
_BANDS = 'image = tifffile.imread("image.tif")  # (height, width, channels)\n'

_PLAIN = """\
import onnxruntime

model = onnxruntime.InferenceSession({file})
# float32 (N, channels, size, size), resized and normalized as the metadata says
print(model.get_modelmeta().custom_metadata_map)
probabilities = model.run(None, {{"input": batch}})[0]
"""
