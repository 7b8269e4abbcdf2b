"""The program that the window shows answers as Graftwork does, without Graftwork."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path

import numpy as np
import onnx
import pytest
import tifffile
from PIL import Image

from graftwork.data.input_spec import IntensityRange
from graftwork.export.onnx_model import ExportReport, export_onnx
from graftwork.export.predict import FilePrediction, predict_files
from graftwork.export.snippets import command, plain_program, program

from .conftest import make_classifier, make_samples

Save = Callable[[Path], None]


def answer(code: str) -> list[str]:
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=120
    )
    return done.stdout.rsplit(maxsplit=1)


def picture(mode: str) -> Image.Image:
    """Unlike above and below, left and right, and transparent in places."""
    down, across = np.mgrid[0:255:30j, 0:255:50j]
    colors = np.stack([down, across, 255 - down, across], axis=-1)
    return Image.fromarray(colors.astype(np.uint8)).convert(mode)


def turned(path: Path) -> None:
    image = picture("RGB")
    exif = image.getexif()
    exif[0x0112] = 6
    image.save(path, exif=exif, quality=95)


def grey(path: Path) -> None:
    ramp = np.linspace(900, 3100, 30 * 50).reshape(30, 50)
    tifffile.imwrite(path, ramp.astype(np.uint16), photometric="minisblack")


def bands(path: Path) -> None:
    ramp = np.linspace(900, 3100, 30 * 50 * 5).reshape(30, 50, 5).astype(np.uint16)
    tifffile.imwrite(path, ramp, photometric="minisblack", planarconfig="contig")


DEEP = IntensityRange(low=1000.0, high=3000.0)


@pytest.fixture(scope="module")
def model_of(tmp_path_factory: pytest.TempPathFactory) -> Callable[[int], Path]:
    """A model of so many channels, for images of any depth; each is written once."""

    @cache
    def model(channels: int) -> Path:
        classifier = make_classifier(channels=channels, intensity=DEEP)
        file = tmp_path_factory.mktemp("model") / "model.onnx"
        return export_onnx(classifier, file, make_samples(channels)).file

    return model


@pytest.mark.parametrize(
    ("name", "save", "channels", "intensity"),
    [
        ("image.jpg", turned, 3, None),
        ("image.png", lambda path: picture("RGBA").save(path), 3, None),
        ("image.png", lambda path: picture("P").save(path), 3, None),
        ("image.jpg", turned, 1, None),
        ("image.tif", grey, 3, DEEP),
        ("image.tif", grey, 1, DEEP),
        ("image.tif", bands, 5, DEEP),
        ("image.png", lambda path: picture("L").save(path), 3, DEEP),
    ],
)
def test_the_program_answers_as_graftwork_does(
    model_of: Callable[[int], Path],
    tmp_path: Path,
    name: str,
    save: Save,
    channels: int,
    intensity: IntensityRange | None,
) -> None:
    save(tmp_path / name)
    (own,) = predict_files(model_of(channels), [tmp_path / name])
    assert isinstance(own, FilePrediction)
    spec = make_classifier(channels=channels, intensity=intensity).info.input
    code = program(model_of(channels), spec)
    for named in ('"image.jpg"', '"image.tif"'):
        code = code.replace(named, repr(str(tmp_path / name)))
    predicted, confidence = answer(code)
    assert predicted == own.predicted
    assert float(confidence) == pytest.approx(own.confidence, abs=0.01)


def test_the_docs_show_the_program() -> None:
    page = (Path(__file__).parents[3] / "docs" / "export.md").read_text("utf-8")
    spec = make_classifier().info.input
    assert f"```python\n{program(Path('flowers.onnx'), spec)}```" in page


def test_the_docs_name_what_the_file_says_of_itself(
    exported: Callable[[bool], ExportReport],
) -> None:
    page = (Path(__file__).parents[3] / "docs" / "export.md").read_text("utf-8")
    entries = onnx.load(exported(False).file).metadata_props
    assert all(f"`{entry.key}`" in page for entry in entries)


def test_the_plain_program_answers_for_what_is_prepared(
    exported: Callable[[bool], ExportReport],
) -> None:
    batch = "import numpy as np\nbatch = np.zeros((2, 3, 64, 64), np.float32)\n"
    told = answer(batch + plain_program(exported(True).file) + "print(probabilities.shape)")
    assert " ".join(told).endswith("(2, 3)")


def test_the_command_quotes_what_needs_it() -> None:
    assert command(Path("my bees.onnx")) == "graftwork predict 'my bees.onnx' FOLDER"
