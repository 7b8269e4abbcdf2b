"""The demonstration: the main job in one go, on scikit-learn's handwritten digits."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image

from graftwork.engine.job import DataSettings, TrainingJob
from graftwork.export.predict import FilePrediction, predict_files

from .console import print_json, results, shown
from .progress import listen
from .summaries import print_evaluation, print_export

if TYPE_CHECKING:
    from graftwork.runs.workshop import Workshop


def write_digits(folder: Path) -> Path:
    """Write the 1797 digits (8 x 8 pixels, 17 greys) as PNG files in class folders."""
    from sklearn.datasets import load_digits

    digits = load_digits()
    for number, (image, label) in enumerate(zip(digits.images, digits.target, strict=True)):
        file = folder / str(label) / f"{number:04}.png"
        file.parent.mkdir(parents=True, exist_ok=True)
        if not file.exists():
            Image.fromarray((image * 255 / 16).astype(np.uint8)).save(file)
    return folder


def run_demo(workshop: Workshop, folder: Path, *, as_json: bool) -> None:
    """Write images, train, evaluate, export, verify and predict; print what came of it."""
    images = write_digits(folder.resolve() / "digits")
    job = TrainingJob(data=DataSettings(path=images))
    listen(workshop.train(job), as_json=as_json)
    run = workshop.current_run
    assert run is not None
    evaluation = listen(workshop.evaluate(run.id), as_json=as_json)
    report = listen(workshop.export(run.id, folder.resolve() / "digits.onnx"), as_json=as_json)
    found = _predict_one_of_each(report.file, images)
    if as_json:
        print_json(_document(run.id, run.folder, evaluation, report, found))
        return
    print_evaluation(evaluation)
    print_export(report)
    _print_predictions(found)
    places = {"Images": images, "Run": run.folder, "Model": report.file}
    results.print()
    for what, place in places.items():
        results.print(f"{what:<7} {shown(str(place))}")


def _predict_one_of_each(model: Path, images: Path) -> list[FilePrediction]:
    """The exported file alone answers for the last image of each class."""
    files = [sorted(folder.iterdir())[-1] for folder in sorted(images.iterdir())]
    return [f for f in predict_files(model, files) if isinstance(f, FilePrediction)]


def _print_predictions(found: list[FilePrediction]) -> None:
    results.print("[bold]Predictions of the exported model alone[/bold]")
    for one in found:
        file = f"{one.path.parent.name}/{one.path.name}"
        results.print(f"  {file}: {one.predicted} ({one.confidence:.0%})")


def _document(
    run_id: str, folder: Path, evaluation: Any, report: Any, found: list[FilePrediction]
) -> dict[str, Any]:
    return {
        "kind": "result",
        "run": run_id,
        "folder": str(folder),
        "figures": evaluation.model_dump(mode="json")["figures"],
        "export": report.model_dump(mode="json"),
        "predictions": {str(f.path): f.predicted for f in found},
    }
