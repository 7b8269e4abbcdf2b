from __future__ import annotations

import csv
import io
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from graftwork.data.decoding import decode
from graftwork.data.input_spec import IntensityRange, input_spec
from graftwork.data.intensity import to_eight_bits
from graftwork.engine.classifier import Classifier
from graftwork.export.onnx_classifier import ModelFileError
from graftwork.export.onnx_model import ExportReport, export_onnx
from graftwork.export.predict import (
    FilePrediction,
    FileProblem,
    predict_file,
    predict_files,
    predictions_to_csv,
    predictions_to_json,
)
from graftwork.export.verification import TOLERANCE
from support.images import make_image
from support.tiny import TINY

from .conftest import CLASSES, make_classifier, make_samples

Exported = Callable[..., ExportReport]


def _write_images(folder: Path) -> list[Path]:
    files = []
    for number, (sample, kind) in enumerate(
        zip(make_samples(), ["png", "jpg", "bmp", "gif", "webp", "tif"], strict=True)
    ):
        files.append(folder / f"{number}.{kind}")
        Image.fromarray(sample).save(files[-1])
    exif = Image.Exif()
    exif[0x0112] = 6
    files.append(folder / "turned.jpg")
    Image.fromarray(make_samples()[1]).save(files[-1], exif=exif)
    return files


def _inside(classifier: Classifier, file: Path) -> np.ndarray:
    """What Graftwork itself says of the file."""
    spec = classifier.info.input
    image = to_eight_bits(decode(file, spec.channels), spec.intensity)
    with torch.inference_mode():
        answer: np.ndarray = classifier(torch.from_numpy(image)[None])[0].numpy()
    return answer


def _predicted(model: Path, *paths: Path) -> list[FilePrediction]:
    found = list(predict_files(model, paths))
    assert all(isinstance(one, FilePrediction) for one in found), found
    return [one for one in found if isinstance(one, FilePrediction)]


def test_answers_outside_are_those_inside(
    exported: Exported, classifier: Classifier, tmp_path: Path
) -> None:
    files = _write_images(tmp_path)
    found = _predicted(exported().file, tmp_path)
    assert [one.path for one in found] == sorted(files)
    for one in found:
        expected = _inside(classifier, one.path)
        assert list(one.probabilities) == list(CLASSES)
        np.testing.assert_allclose(list(one.probabilities.values()), expected, atol=TOLERANCE)
        assert one.predicted == CLASSES[expected.argmax()]
        assert one.confidence == one.probabilities[one.predicted]


def test_deep_images_are_brought_to_eight_bits_as_in_training(tmp_path: Path) -> None:
    intensity = IntensityRange(low=200, high=3000)
    classifier = make_classifier(channels=1, mean=(0.5,), std=(0.25,), intensity=intensity)
    model = export_onnx(classifier, tmp_path / "deep.onnx", make_samples(1)).file
    folder = tmp_path / "images"
    folder.mkdir()
    for number, sample in enumerate(make_samples(1)):
        deep = sample[:, :, 0].astype(np.uint16) * 11 + 150
        Image.fromarray(deep).save(folder / f"{number}.{'png' if number % 2 else 'tif'}")
    found = _predicted(model, folder)
    assert len(found) == len(make_samples())
    for one in found:
        np.testing.assert_allclose(
            list(one.probabilities.values()), _inside(classifier, one.path), atol=TOLERANCE
        )


def test_what_cannot_be_used_is_a_problem_in_its_place(exported: Exported, tmp_path: Path) -> None:
    files = _write_images(tmp_path)[:2]
    (tmp_path / "text.jpg").write_text("I am not an image")
    cut = tmp_path / "cut.png"
    cut.write_bytes(files[0].read_bytes()[:200])
    paths = [files[0], tmp_path / "text.jpg", cut, tmp_path / "missing.png", files[1]]
    found = list(predict_files(exported().file, paths))
    assert [one.path for one in found] == paths
    kinds = [type(one) for one in found]
    assert kinds == [FilePrediction, FileProblem, FileProblem, FileProblem, FilePrediction]
    assert all(one.reason for one in found if isinstance(one, FileProblem))


def test_predictions_come_one_by_one(exported: Exported, tmp_path: Path) -> None:
    files = _write_images(tmp_path)
    found = predict_files(exported().file, files)
    assert next(found).path == files[0]
    files[1].unlink()
    assert isinstance(next(found), FileProblem)


def test_a_plain_model_is_refused_at_once(exported: Exported) -> None:
    with pytest.raises(ModelFileError, match=r"is a plain model.*Export the run again"):
        predict_files(exported(True).file, [])


def test_a_file_that_is_no_model_is_refused_at_once(tmp_path: Path) -> None:
    with pytest.raises(ModelFileError):
        predict_files(tmp_path / "missing.onnx", [])


def test_predicting_does_not_import_torch(exported: Exported, tmp_path: Path) -> None:
    files = _write_images(tmp_path)
    code = (
        "import sys; from pathlib import Path\n"
        "from graftwork.export.predict import predict_files\n"
        "found = list(predict_files(Path(sys.argv[1]), [Path(sys.argv[2])]))\n"
        "print(len(found), 'torch' in sys.modules)"
    )
    run = subprocess.run(
        [sys.executable, "-c", code, str(exported().file), str(tmp_path)],
        capture_output=True,
        text=True,
        check=True,
    )
    assert run.stdout.split() == [str(len(files)), "False"]
    assert run.stderr == ""


PREDICTIONS = [
    FilePrediction(
        path=Path("a/ü, 1.png"),
        predicted="Käfer",
        confidence=float(np.float32(0.9)),
        probabilities={"Käfer": float(np.float32(0.9)), 'a "b", c': 0.1},
    )
]
PROBLEMS = [FileProblem(path=Path("a/x.png"), reason="cut off,\nsomewhere")]


def test_csv() -> None:
    rows = list(csv.reader(io.StringIO(predictions_to_csv(PREDICTIONS, PROBLEMS))))
    assert rows == [
        ["path", "predicted", "confidence", "problem", "Käfer", 'a "b", c'],
        [str(Path("a/ü, 1.png")), "Käfer", "0.9", "", "0.9", "0.1"],
        [str(Path("a/x.png")), "", "", "cut off,\nsomewhere", "", ""],
    ]


def test_json() -> None:
    assert json.loads(predictions_to_json(PREDICTIONS, PROBLEMS)) == {
        "classes": ["Käfer", 'a "b", c'],
        "predictions": [
            {
                "path": str(Path("a/ü, 1.png")),
                "predicted": "Käfer",
                "confidence": 0.9,
                "probabilities": {"Käfer": 0.9, 'a "b", c': 0.1},
            }
        ],
        "problems": [{"path": str(Path("a/x.png")), "reason": "cut off,\nsomewhere"}],
    }


def test_nothing_found_is_an_empty_table() -> None:
    assert predictions_to_csv([], []) == "path,predicted,confidence,problem\n"
    assert json.loads(predictions_to_json([], []))["predictions"] == []


def test_a_name_that_is_not_utf8_can_be_written() -> None:
    problem = FileProblem(path=Path(os.fsdecode(b"caf\xe9.png")), reason="x")
    for text in (predictions_to_csv([], [problem]), predictions_to_json([], [problem])):
        assert "caf\\" in text.encode("utf-8").decode("utf-8")


def test_of_many_classes_the_most_probable_are_kept_and_written(tmp_path: Path) -> None:
    file = tmp_path / "one.png"
    make_image(0, (50, 100, 150)).save(file)
    classes = [f"class{number:03}" for number in range(101)]
    chances = np.linspace(0, 1, 101, dtype=np.float32)[None]
    chances /= chances.sum()
    spec = input_spec(TINY.preprocessing, fit="squash", channels=3)
    found = predict_file(file, spec, classes, lambda _: chances)
    assert not found.complete
    assert list(found.probabilities) == [f"class{number:03}" for number in range(100, 90, -1)]
    problem = FileProblem(path=file, reason="broken")
    header, row, wrong = csv.reader(io.StringIO(predictions_to_csv([found], [problem])))
    assert header[:8] == [
        "path", "predicted", "confidence", "problem",
        "class 2", "probability 2", "class 3", "probability 3",
    ]  # fmt: skip
    assert row[1] == "class100"
    assert row[4:7:2] == ["class099", "class098"]
    assert float(row[5]) == pytest.approx(float(chances[0, 99]), rel=1e-5)
    assert len(header) == len(row) == len(wrong) == 4 + 2 * 9
    document = json.loads(predictions_to_json([found], []))
    assert document["classes"] == []
    assert list(document["predictions"][0]["probabilities"])[:2] == ["class100", "class099"]
    few = predict_file(file, spec, classes[:100], lambda _: chances[:, :100])
    assert few.complete
    assert list(few.probabilities) == classes[:100]
