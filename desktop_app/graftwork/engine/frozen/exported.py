"""Passes by engines that compute a graph of their own: ONNX Runtime and OpenVINO."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from ..classifier import Classifier
from .passes import FrozenPass, Prefix

_Compute = Callable[[npt.NDArray[np.float32]], npt.NDArray[np.float32]]


def has_openvino() -> bool:
    """Whether the optional OpenVINO is installed."""
    return find_spec("openvino") is not None


def onnx_runtime_pass(classifier: Classifier, stages: int, batch: int) -> FrozenPass:
    """ONNX Runtime on the processor; raises whatever its exporter does if it cannot follow."""
    import onnxruntime

    prefix, example = _prepared(classifier, stages, batch)
    with _quiet():
        program = torch.onnx.export(
            prefix, (example,), dynamo=True, external_data=False, verbose=False
        )
    assert program is not None
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = torch.get_num_threads()
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(
        program.model_proto.SerializeToString(), options, providers=["CPUExecutionProvider"]
    )
    name = session.get_inputs()[0].name

    def compute(pixels: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        result: npt.NDArray[np.float32] = session.run(None, {name: pixels})[0]
        return result

    return _pass(batch, stages, compute)


def openvino_pass(
    classifier: Classifier, stages: int, batch: int, *, bf16: bool = False
) -> FrozenPass:
    """OpenVINO on the processor; raises whatever it does if it cannot follow the stages."""
    import openvino

    prefix, example = _prepared(classifier, stages, batch)
    with _quiet():
        model = openvino.convert_model(prefix, example_input=example, input=list(example.shape))
    hints: dict[str, Any] = {
        "INFERENCE_PRECISION_HINT": "bf16" if bf16 else "f32",
        "INFERENCE_NUM_THREADS": torch.get_num_threads(),
        "PERFORMANCE_HINT": "LATENCY",
    }
    request = openvino.Core().compile_model(model, "CPU", hints).create_infer_request()

    def compute(pixels: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        result: npt.NDArray[np.float32] = request.infer([pixels], share_inputs=True)[0]
        return result.copy()  # the request writes its next result to the same place

    return _pass(batch, stages, compute)


def _prepared(classifier: Classifier, stages: int, batch: int) -> tuple[Prefix, Tensor]:
    """The stages on the processor and a batch of the shape that they will be given."""
    prefix, spec = Prefix(classifier, stages).cpu(), classifier.info.input
    return prefix, torch.zeros(batch, spec.channels, spec.size, spec.size)


def _pass(batch: int, stages: int, compute: _Compute) -> FrozenPass:
    def run(pixels: Tensor) -> list[Tensor]:
        return [torch.from_numpy(compute(pixels.float().contiguous().numpy()))]

    return FrozenPass(batch=batch, outlets=(stages,), run=run)


@contextmanager
def _quiet() -> Iterator[None]:
    """What exporters say of their own insides is of no use to anybody here."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield
