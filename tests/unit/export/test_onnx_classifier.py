from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from graftwork.export.onnx_classifier import ModelFileError, OnnxClassifier
from graftwork.export.onnx_model import ExportReport

from .conftest import CLASSES

Exported = Callable[..., ExportReport]


def test_it_answers_with_probabilities(exported: Exported) -> None:
    model = OnnxClassifier(exported().file)
    found = model.probabilities(np.zeros((2, 20, 30, 3), dtype=np.uint8))
    assert found.shape == (2, len(CLASSES))
    np.testing.assert_allclose(found.sum(1), 1, rtol=1e-5)


@pytest.mark.parametrize("content", [b"", b"not a model", b"\x89PNG\r\n\x1a\n" * 30])
def test_a_file_that_is_no_model(
    content: bytes, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "model.onnx"
    file.write_bytes(content)
    with pytest.raises(ModelFileError, match=r"model\.onnx is not an ONNX model"):
        OnnxClassifier(file)
    assert capfd.readouterr() == ("", "")


def test_a_model_that_is_cut_off(exported: Exported, tmp_path: Path) -> None:
    file = tmp_path / "model.onnx"
    content = exported().file.read_bytes()
    file.write_bytes(content[: len(content) // 2])
    with pytest.raises(ModelFileError):
        OnnxClassifier(file)


@pytest.mark.parametrize("name", ["missing.onnx", "."])
def test_a_file_that_is_not_there(name: str, tmp_path: Path) -> None:
    with pytest.raises(ModelFileError, match="no model file"):
        OnnxClassifier(tmp_path / name)


def test_a_model_of_another_program(tmp_path: Path) -> None:
    value = helper.make_tensor_value_info("x", TensorProto.FLOAT, [1])
    result = helper.make_tensor_value_info("y", TensorProto.FLOAT, [1])
    graph = helper.make_graph([helper.make_node("Relu", ["x"], ["y"])], "g", [value], [result])
    opset = [helper.make_opsetid("", 18)]
    onnx.save(helper.make_model(graph, opset_imports=opset, ir_version=10), tmp_path / "m.onnx")
    with pytest.raises(ModelFileError, match="not exported by Graftwork"):
        OnnxClassifier(tmp_path / "m.onnx")


def test_damaged_metadata(exported: Exported, tmp_path: Path) -> None:
    model = onnx.load(exported().file)
    helper.set_model_props(model, {"graftwork": "{"})
    onnx.save(model, tmp_path / "m.onnx")
    with pytest.raises(ModelFileError, match="damaged"):
        OnnxClassifier(tmp_path / "m.onnx")


def test_a_name_that_is_not_ascii(exported: Exported, tmp_path: Path) -> None:
    file = tmp_path / "Käfer 🐞.onnx"
    file.write_bytes(exported().file.read_bytes())
    assert OnnxClassifier(file).info.classes == CLASSES
