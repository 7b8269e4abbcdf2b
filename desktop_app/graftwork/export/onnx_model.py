"""Writes a classifier as an ONNX file that has been proven equal to it."""

from __future__ import annotations

import copy
import re
import time
from collections.abc import Callable, Sequence
from functools import cache, partial
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import torch
from numpy.typing import NDArray
from onnx import ModelProto
from pydantic import BaseModel, ConfigDict
from torch import Tensor, nn

from graftwork import __version__
from graftwork.data.resize import resize
from graftwork.engine.classifier import Classifier
from graftwork.files import replacing

from .model_info import ModelInfo, to_metadata
from .onnx_classifier import ModelFileError, OnnxClassifier
from .preparation import PIXELS, OnnxPreparation
from .verification import ExportRefusedError, Reference, verify

_COLORS = re.compile(r"\x1b\[\d*m")

LARGEST_FILE = 2**31 - 2**20
"""Bytes of weights that one ONNX file can hold: Protocol Buffers end at 2 GiB."""


class ExportReport(BaseModel):
    """What was written (``size`` in bytes), and how well it agrees with the classifier."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    file: Path
    size: int
    plain: bool
    opset: int
    images: int
    max_difference: float
    seconds: float


def export_onnx(
    classifier: Classifier,
    file: Path,
    samples: Sequence[NDArray[np.uint8]],
    plain: bool = False,
) -> ExportReport:
    """Write the classifier to ``file`` once it answers as the classifier does on the samples.

    ``samples`` are real images (H, W, channels), each of any size. The model maps "images", uint8
    (N, H, W, channels), to "probabilities" (N, classes); a ``plain`` one maps "input", float32
    (N, channels, size, size), resized and normalized by whoever runs it. The classifier is left
    as it is; it is compared on the processor, in single precision.

    Raises ``ExportRefusedError`` if the two disagree or the network cannot be written as ONNX. A
    refused export leaves no file, and an older file of that name as it was.
    """
    start = time.perf_counter()
    _refuse_if_impossible(classifier, samples)
    own = copy.deepcopy(classifier).cpu().float().eval()
    reference, inputs = _reference(own, samples, plain)
    with replacing(file) as temporary:
        temporary.touch()  # where nothing can be written, that is told before the work
        model = _translated(own, plain)
        temporary.write_bytes(model.SerializeToString())
        opened, preparation = _reopened(temporary, file, plain)
        difference = verify(opened, preparation, reference, inputs)
        size = temporary.stat().st_size
    return ExportReport(
        file=file,
        size=size,
        plain=plain,
        opset=next(entry.version for entry in model.opset_import if not entry.domain),
        images=len(samples),
        max_difference=difference,
        seconds=time.perf_counter() - start,
    )


def _refuse_if_impossible(classifier: Classifier, samples: Sequence[NDArray[np.uint8]]) -> None:
    size = sum(weight.nbytes for weight in classifier.state_dict().values())
    if size > LARGEST_FILE:
        msg = (
            f"The network's weights take {size / 2**30:.1f} GiB, and one ONNX file can hold less "
            "than 2 GiB. Train with a smaller backbone."
        )
        raise ExportRefusedError(msg)
    if not samples:
        msg = "There are no images to check the exported model with."
        raise ExportRefusedError(msg)


class _FromImages(nn.Module):
    """What is written: images to probabilities, and to the pixels that the network sees."""

    def __init__(self, classifier: Classifier) -> None:
        super().__init__()
        self.classifier = classifier

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor]:
        pixels = resize(images, self.classifier.info.input)
        return self.classifier.logits(pixels).softmax(1), pixels


class _Plain(nn.Module):
    """What is written as a plain model: prepared tensors to probabilities."""

    def __init__(self, classifier: Classifier) -> None:
        super().__init__()
        self.stages, self.head = classifier.stages, classifier.head

    def forward(self, prepared: Tensor) -> Tensor:
        probabilities: Tensor = self.head(self.stages(prepared)).softmax(1)
        return probabilities


def _reference(
    own: Classifier, samples: Sequence[NDArray[np.uint8]], plain: bool
) -> tuple[Reference, list[NDArray[Any]]]:
    """What the model is compared with, and its inputs, batches of one."""
    spec = own.info.input
    inputs = [np.require(sample, requirements=["C", "W"])[None] for sample in samples]
    prepare = partial(resize, spec=spec)
    exact = _in_double(own)
    if plain:
        with torch.inference_mode():
            inputs = [own.normalize(prepare(torch.from_numpy(image))).numpy() for image in inputs]
        return Reference(prepare=prepare, answer=_Plain(own), exact=exact), inputs
    return Reference(
        prepare=prepare,
        answer=lambda pixels: own.logits(pixels).softmax(1),
        exact=lambda pixels: exact(own.normalize(pixels)),
    ), inputs


def _in_double(own: Classifier) -> Callable[[Tensor], Tensor]:
    """Prepared tensors to probabilities; the copy for it is made when it is first needed."""
    network = cache(lambda: _Plain(copy.deepcopy(own)).double())
    return lambda prepared: network()(prepared.double())


def _translated(own: Classifier, plain: bool) -> ModelProto:
    name, example, open_sides = _signature(own, plain)
    try:
        program = torch.onnx.export(
            (_Plain(own) if plain else _FromImages(own)).eval(),
            (example,),
            dynamo=True,
            input_names=[name],
            output_names=["probabilities"] if plain else ["probabilities", PIXELS],
            dynamic_shapes=(open_sides,),
            external_data=False,
            verbose=False,
        )
    except torch.onnx.OnnxExporterError as error:
        msg = (
            f"The backbone {own.info.backbone} cannot be written as ONNX: "
            f"{_COLORS.sub('', str(error)).strip().splitlines()[0]}"
        )
        raise ExportRefusedError(msg) from error
    assert program is not None
    return _described(program.model_proto, own, plain)


def _signature(classifier: Classifier, plain: bool) -> tuple[str, Tensor, dict[int, str]]:
    """The input's name, an example, and the sides that the graph keeps open.

    The example is a batch of two of unlike sides: a side of one, or two that are equal, would be
    taken for a constant.
    """
    spec = classifier.info.input
    if plain:
        return "input", torch.zeros(2, spec.channels, spec.size, spec.size), {0: "batch"}
    example = torch.zeros(2, spec.size + 13, spec.size + 29, spec.channels, dtype=torch.uint8)
    return "images", example, {0: "batch", 1: "height", 2: "width"}


def _described(model: ModelProto, classifier: Classifier, plain: bool) -> ModelProto:
    """The model with Graftwork's metadata in place of the exporter's notes."""
    _drop_notes(model)
    _hide_pixels(model)
    info = ModelInfo(
        input_kind="prepared" if plain else "images",
        **classifier.info.model_dump(exclude={"head", "graftwork_version"}),
        graftwork_version=__version__,
    )
    onnx.helper.set_model_props(model, to_metadata(info))
    model.producer_name, model.producer_version = "graftwork", __version__
    return model


def _hide_pixels(model: ModelProto) -> None:
    """They stay inside under their name, as any value between two nodes."""
    graph = model.graph
    graph.value_info.extend(graph.output[1:])
    del graph.output[1:]


def _drop_notes(model: ModelProto) -> None:
    """The exporter's notes name source files of this machine, and are half of a small file."""
    graph = model.graph
    noted = (graph.node, graph.value_info, graph.input, graph.output, graph.initializer)
    for part in (graph, *(part for parts in noted for part in parts)):
        del part.metadata_props[:]
        part.ClearField("doc_string")


def _reopened(
    written: Path, wanted: Path, plain: bool
) -> tuple[OnnxClassifier, OnnxPreparation | None]:
    """The file as whoever gets it will open it, and its first step; faults name ``wanted``."""
    try:
        onnx.checker.check_model(str(written), full_check=True)
        return OnnxClassifier(written), None if plain else OnnxPreparation(written)
    except (onnx.checker.ValidationError, onnx.shape_inference.InferenceError) as error:
        raise _refused("is not valid ONNX", error, written, wanted) from error
    except ModelFileError as error:
        raise _refused("cannot be run", error, written, wanted) from error


def _refused(fault: str, error: Exception, written: Path, wanted: Path) -> ExportRefusedError:
    reason = str(error).replace(str(written), str(wanted))
    return ExportRefusedError(f"The exported model {fault}: {reason}")
