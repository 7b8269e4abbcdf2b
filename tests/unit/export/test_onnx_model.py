from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from torch import Tensor, nn

from graftwork import __version__
from graftwork.data.input_spec import Fit, InputSpec
from graftwork.data.resize import resize
from graftwork.engine.classifier import Classifier
from graftwork.export.onnx_classifier import OnnxClassifier
from graftwork.export.onnx_model import ExportReport, export_onnx
from graftwork.export.verification import TOLERANCE, ExportRefusedError
from graftwork.plugin_api import Interpolation
from support.tiny import TINY, build_tiny

from .conftest import CLASSES, make_classifier, make_samples

Exported = Callable[..., ExportReport]


def _answers(classifier: Classifier, images: np.ndarray) -> np.ndarray:
    with torch.inference_mode():
        found: np.ndarray = classifier(torch.from_numpy(images)).numpy()
    return found


def _random(*shape: int) -> np.ndarray:
    return np.random.default_rng(1).integers(0, 256, shape, dtype=np.uint8)


def test_the_answers_are_not_even(classifier: Classifier) -> None:
    """Else no test here could fail."""
    answers = np.concatenate([_answers(classifier, sample[None]) for sample in make_samples()])
    assert answers.std(0).min() > 0.05
    assert len(set(answers.argmax(1))) > 1


@pytest.mark.parametrize(
    ("fit", "interpolation"), [("squash", "bilinear"), ("crop", "bicubic"), ("pad", "bilinear")]
)
def test_every_preprocessing_is_inside(
    fit: Fit, interpolation: Interpolation, tmp_path: Path
) -> None:
    classifier = make_classifier(fit=fit, interpolation=interpolation)
    report = export_onnx(classifier, tmp_path / "model.onnx", make_samples())
    model = OnnxClassifier(report.file)
    for shape in [(1, 50, 60, 3), (3, 33, 31, 3), (2, 300, 100, 3), (5, 1, 1, 3), (1, 17, 500, 3)]:
        images = _random(*shape)
        np.testing.assert_allclose(
            model.probabilities(images), _answers(classifier, images), atol=TOLERANCE
        )
    assert report.max_difference <= TOLERANCE


def test_the_report_says_what_was_written(exported: Exported) -> None:
    report = exported()
    model = onnx.load(report.file)
    assert report.size == report.file.stat().st_size
    assert report.images == len(make_samples())
    assert not report.plain
    assert report.opset == model.opset_import[0].version >= 18
    assert 0 <= report.max_difference <= TOLERANCE
    assert report.seconds > 0
    assert ExportReport.model_validate_json(report.model_dump_json()) == report


def test_inputs_and_outputs_are_named_and_open(exported: Exported) -> None:
    session = onnxruntime.InferenceSession(str(exported().file))
    (images,), (probabilities,) = session.get_inputs(), session.get_outputs()
    assert (images.name, images.type) == ("images", "tensor(uint8)")
    assert images.shape == ["batch", "height", "width", 3]
    assert (probabilities.name, probabilities.type) == ("probabilities", "tensor(float)")
    assert probabilities.shape == ["batch", len(CLASSES)]


def test_the_file_says_what_it_is(exported: Exported, classifier: Classifier) -> None:
    model = onnx.load(exported().file)
    metadata = {entry.key: entry.value for entry in model.metadata_props}
    assert json.loads(metadata["classes"]) == list(CLASSES)
    assert InputSpec.model_validate_json(metadata["preprocessing"]) == classifier.info.input
    info = OnnxClassifier(exported().file).info
    assert info.classes == CLASSES
    assert info.input == classifier.info.input
    assert info.input_kind == "images"
    assert (info.backbone, info.strategy) == ("tiny", "feature-extraction")
    assert info.data_fingerprint == "f" * 64
    assert info.graftwork_version == model.producer_version == __version__


def test_a_plain_model_takes_prepared_tensors(exported: Exported, classifier: Classifier) -> None:
    report = exported(True)
    session = onnxruntime.InferenceSession(str(report.file))
    (prepared,) = session.get_inputs()
    assert (prepared.name, prepared.type) == ("input", "tensor(float)")
    assert prepared.shape == ["batch", 3, 64, 64]
    images = torch.from_numpy(_random(3, 50, 40, 3))
    batch = classifier.normalize(resize(images, classifier.info.input)).numpy()
    (found,) = session.run(["probabilities"], {"input": batch})
    np.testing.assert_allclose(found, _answers(classifier, images.numpy()), atol=TOLERANCE)
    assert report.plain
    assert OnnxClassifier(report.file).info.input_kind == "prepared"


@pytest.mark.parametrize("plain", [False, True])
def test_the_file_tells_nothing_of_the_machine(exported: Exported, plain: bool) -> None:
    content = exported(plain).file.read_bytes()
    for trace in (b".py", b"stack_trace", str(Path.cwd()).encode(), b"site-packages"):
        assert trace not in content


def test_nothing_is_printed_and_the_classifier_is_left_alone(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    classifier = make_classifier().train()
    classifier.stages[0].eval()
    modes = [module.training for module in classifier.modules()]
    before = {name: value.clone() for name, value in classifier.state_dict().items()}
    sample = make_samples()[1][::2, ::-1]
    sample.setflags(write=False)
    export_onnx(classifier, tmp_path / "model.onnx", [sample])
    assert [module.training for module in classifier.modules()] == modes
    after = classifier.state_dict()
    assert all(torch.equal(after[name], value) for name, value in before.items())
    assert all(weight.requires_grad for weight in classifier.parameters())
    assert capfd.readouterr() == ("", "")


class _OtherWhenExported(nn.Module):
    """What a careless plugin may do: another result in the exported graph."""

    def __init__(self, offset: float) -> None:
        super().__init__()
        self.offset = offset

    def forward(self, features: Tensor) -> Tensor:
        return features + self.offset if torch.compiler.is_exporting() else features


def _careless(offset: float) -> Classifier:
    def build(weights: Path | None) -> nn.Sequential:
        stages = build_tiny(weights)
        stages.add_module("careless", _OtherWhenExported(offset))
        return stages

    return make_classifier(replace(TINY, build=build))


@pytest.mark.parametrize("plain", [False, True])
def test_a_model_that_differs_is_refused(tmp_path: Path, plain: bool) -> None:
    file = tmp_path / "model.onnx"
    file.write_text("older")
    with pytest.raises(ExportRefusedError, match=r"sample 1.*not written"):
        export_onnx(_careless(0.02), file, make_samples(), plain)
    assert file.read_text() == "older"
    assert list(tmp_path.iterdir()) == [file]


class _Untranslatable(nn.Module):
    def forward(self, features: Tensor) -> Tensor:
        return features + float(features.detach().numpy().max())


def test_a_network_that_onnx_cannot_say_is_refused(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    def build(weights: Path | None) -> nn.Sequential:
        stages = build_tiny(weights)
        stages.add_module("numpy", _Untranslatable())
        return stages

    classifier = make_classifier(replace(TINY, build=build))
    with pytest.raises(ExportRefusedError, match="tiny cannot be written as ONNX") as refused:
        export_onnx(classifier, tmp_path / "model.onnx", make_samples())
    assert "\x1b" not in str(refused.value)  # the exporter writes in colors
    assert not list(tmp_path.iterdir())
    assert capfd.readouterr() == ("", "")


def test_weights_beyond_two_gigabytes_are_refused(tmp_path: Path) -> None:
    classifier = make_classifier()
    classifier.head.linear.weight = nn.Parameter(torch.empty(3, 2**28, device="meta"))
    with pytest.raises(ExportRefusedError, match=r"3\.0 GiB.*smaller backbone"):
        export_onnx(classifier, tmp_path / "model.onnx", make_samples())


def test_without_samples_there_is_no_export(classifier: Classifier, tmp_path: Path) -> None:
    with pytest.raises(ExportRefusedError, match="no images to check"):
        export_onnx(classifier, tmp_path / "model.onnx", [])
    assert not list(tmp_path.iterdir())


def test_a_folder_that_does_not_exist_is_told_at_once(
    classifier: Classifier, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.onnx, "export", None)  # the work is not even begun
    with pytest.raises(FileNotFoundError):
        export_onnx(classifier, tmp_path / "missing" / "model.onnx", make_samples())
