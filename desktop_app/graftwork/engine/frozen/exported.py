"""Passes by engines that compute a graph of their own: ONNX Runtime and OpenVINO."""

from __future__ import annotations

import io
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stdout
from importlib.util import find_spec
from queue import SimpleQueue
from typing import Any, cast

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from ..classifier import Classifier
from .passes import FrozenPass, Normalization, prefix

_Images = npt.NDArray[np.float32]
_Compute = Callable[[_Images], _Images]


def has_openvino() -> bool:
    """Whether the optional OpenVINO is installed."""
    return find_spec("openvino") is not None


def onnx_runtime_pass(classifier: Classifier, stages: int, batch: int) -> FrozenPass:
    """ONNX Runtime on the processor; raises whatever the exporter does if it cannot follow."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(
        _graph(classifier, stages, batch), options, providers=["CPUExecutionProvider"]
    )
    name = session.get_inputs()[0].name

    def compute(pixels: _Images) -> _Images:
        result: _Images = session.run(None, {name: pixels})[0]
        return result

    return _pass(batch, stages, compute)


def openvino_pass(
    classifier: Classifier, stages: int, batch: int, *, bf16: bool = False
) -> FrozenPass:
    """OpenVINO on the processor; raises whatever the exporter does if it cannot follow."""
    import openvino

    core, lanes = openvino.Core(), torch.get_num_threads()
    hints: dict[str, Any] = {
        "INFERENCE_PRECISION_HINT": "bf16" if bf16 else "f32",
        "INFERENCE_NUM_THREADS": lanes,
        "NUM_STREAMS": lanes,
    }
    model = core.compile_model(core.read_model(_graph(classifier, stages, batch)), "CPU", hints)
    idle: SimpleQueue[Any] = SimpleQueue()
    for _ in range(lanes):
        idle.put(model.create_infer_request())

    def compute(pixels: _Images) -> _Images:
        request = idle.get()
        try:
            result: _Images = request.infer([pixels], share_inputs=True)[0]
            return result.copy()  # the request writes its next result to the same place
        finally:
            idle.put(request)

    # The first call fills tables in OpenVINO's binding for Python. Two threads that meet there have
    # waited for each other forever: one with Python's lock for the table, the other the reverse.
    compute(np.zeros(tuple(model.input(0).shape), np.float32))
    return _pass(batch, stages, compute)


def _pass(batch: int, stages: int, compute: _Compute) -> FrozenPass:
    """Each thread computes batches of its own: splitting one batch among them is slower.

    Nothing of torch computes in those threads, where it would make further ones for each.
    """

    def run(pixels: Tensor) -> list[Tensor]:
        return [torch.from_numpy(compute(np.ascontiguousarray(pixels.numpy(), np.float32)))]

    return FrozenPass(batch=batch, outlets=(stages,), run=run, lanes=torch.get_num_threads())


class _FromPixels(nn.Module):
    """Stages that take pixels with values 0..255, as float32."""

    def __init__(self, classifier: Classifier, stages: nn.Sequential) -> None:
        super().__init__()
        self._normalization = Normalization(classifier, torch.contiguous_format)
        self._stages = stages

    def forward(self, pixels: Tensor) -> Tensor:
        result: Tensor = self._stages(self._normalization(pixels))
        return result


def _graph(classifier: Classifier, stages: int, batch: int) -> bytes:
    """The stages for batches of this size as ONNX, which is tried on images before it is used.

    Tracing takes a tenth of the time of PyTorch's newer exporter, which goes where tracing cannot.
    """
    own, spec = prefix(classifier, stages), classifier.info.input
    network = _FromPixels(classifier, own).eval()
    example = torch.zeros(batch, spec.channels, spec.size, spec.size)
    with _quiet():
        try:
            return _traced(network, example)
        except Exception:
            program = torch.onnx.export(
                network, (example,), dynamo=True, external_data=False, verbose=False
            )
    assert program is not None
    content: bytes = program.model_proto.SerializeToString()
    return content


def _traced(network: nn.Module, example: Tensor) -> bytes:
    file, fused = io.BytesIO(), torch.backends.mha.get_fastpath_enabled()
    torch.backends.mha.set_fastpath_enabled(False)  # ONNX does not know it
    try:
        torch.onnx.export(network, (example,), cast("Any", file), dynamo=False)
    finally:
        torch.backends.mha.set_fastpath_enabled(fused)
    return file.getvalue()


@contextmanager
def _quiet() -> Iterator[None]:
    """What exporters say of their own insides is of no use to anybody here."""
    with warnings.catch_warnings(), redirect_stdout(io.StringIO()):
        warnings.simplefilter("ignore")
        yield
