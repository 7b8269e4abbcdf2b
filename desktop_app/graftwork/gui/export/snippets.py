"""How an exported model is used elsewhere, in a few lines to copy."""

from __future__ import annotations

import shlex
from pathlib import Path


def command(file: Path) -> str:
    """The command that names the images of a folder."""
    return f"graftwork predict {shlex.quote(str(file))} FOLDER"


def program(file: Path, *, plain: bool) -> str:
    """A Python program that asks the model about one image."""
    return (_PLAIN if plain else _IMAGES).format(file=str(file))


_IMAGES = """\
import json
import numpy as np
import onnxruntime
from PIL import Image

model = onnxruntime.InferenceSession({file!r})
image = np.array(Image.open("image.jpg").convert("RGB"))[None]
probabilities = model.run(None, {{"images": image}})[0][0]
about = model.get_modelmeta().custom_metadata_map
classes = json.loads(about["classes"])
print(classes[probabilities.argmax()], probabilities.max())
"""

_PLAIN = """\
import onnxruntime

model = onnxruntime.InferenceSession({file!r})
# float32 (N, channels, size, size), resized and normalized as the metadata says
print(model.get_modelmeta().custom_metadata_map)
probabilities = model.run(None, {{"input": batch}})[0]
"""
