"""Passes by engines that compute a graph of their own: ONNX Runtime and OpenVINO."""

from __future__ import annotations

import io
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stdout
from importlib.util import find_spec
from typing import Any, cast

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from ..classifier import Classifier
from .passes import FrozenPass, Normalization, prefix

_Compute = Callable[[npt.NDArray[np.float32]], npt.NDArray[np.float32]]


def has_openvino() -> bool:
    """Whether the optional OpenVINO is installed."""
    return find_spec("openvino") is not None


def onnx_runtime_pass(classifier: Classifier, stages: int, batch: int) -> FrozenPass:
    """ONNX Runtime on the processor; raises whatever the exporter does if it cannot follow."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = torch.get_num_threads()
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(
        _graph(classifier, stages, batch), options, providers=["CPUExecutionProvider"]
    )
    name = session.get_inputs()[0].name

    def compute(pixels: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        result: npt.NDArray[np.float32] = session.run(None, {name: pixels})[0]
        return result

    return _pass(classifier, batch, stages, compute)


def openvino_pass(
    classifier: Classifier, stages: int, batch: int, *, bf16: bool = False
) -> FrozenPass:
    """OpenVINO on the processor; raises whatever the exporter does if it cannot follow."""
    import openvino

    core = openvino.Core()
    hints: dict[str, Any] = {
        "INFERENCE_PRECISION_HINT": "bf16" if bf16 else "f32",
        "INFERENCE_NUM_THREADS": torch.get_num_threads(),
        "PERFORMANCE_HINT": "LATENCY",
    }
    model = core.read_model(_graph(classifier, stages, batch))
    request = core.compile_model(model, "CPU", hints).create_infer_request()

    def compute(pixels: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        result: npt.NDArray[np.float32] = request.infer([pixels], share_inputs=True)[0]
        return result.copy()  # the request writes its next result to the same place

    return _pass(classifier, batch, stages, compute)


def _pass(classifier: Classifier, batch: int, stages: int, compute: _Compute) -> FrozenPass:
    normalized = Normalization(classifier, torch.contiguous_format)

    def run(pixels: Tensor) -> list[Tensor]:
        return [torch.from_numpy(compute(normalized(pixels).numpy()))]

    return FrozenPass(batch=batch, outlets=(stages,), run=run)


def _graph(classifier: Classifier, stages: int, batch: int) -> bytes:
    """The stages for batches of this size as ONNX, which is tried on images before it is used.

    Tracing takes a tenth of the time of PyTorch's newer exporter, which goes where tracing cannot.
    """
    own, spec = prefix(classifier, stages), classifier.info.input
    example = torch.zeros(batch, spec.channels, spec.size, spec.size)
    with _quiet():
        try:
            return _traced(own, example)
        except Exception:
            program = torch.onnx.export(
                own, (example,), dynamo=True, external_data=False, verbose=False
            )
    assert program is not None
    content: bytes = program.model_proto.SerializeToString()
    return content


def _traced(stages: nn.Sequential, example: Tensor) -> bytes:
    file, fused = io.BytesIO(), torch.backends.mha.get_fastpath_enabled()
    torch.backends.mha.set_fastpath_enabled(False)  # ONNX does not know it
    try:
        torch.onnx.export(stages, (example,), cast("Any", file), dynamo=False)
    finally:
        torch.backends.mha.set_fastpath_enabled(fused)
    return file.getvalue()


@contextmanager
def _quiet() -> Iterator[None]:
    """What exporters say of their own insides is of no use to anybody here."""
    with warnings.catch_warnings(), redirect_stdout(io.StringIO()):
        warnings.simplefilter("ignore")
        yield
