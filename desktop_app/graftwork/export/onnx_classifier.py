"""An exported model in onnxruntime: all that prediction needs, without torch."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from graftwork.plugin_api import GraftworkError

from .model_info import ModelInfo, from_metadata

_FATAL = 4


class ModelFileError(GraftworkError):
    """A file is not a model that can be used here; the message says why and what to do."""


class OnnxClassifier:
    """A model file that Graftwork exported, ready to run on the processor.

    Raises ``ModelFileError`` if the file is none.
    """

    info: ModelInfo

    def __init__(self, file: Path) -> None:
        self._session = _open(file)
        self._input = self._session.get_inputs()[0].name
        metadata = self._session.get_modelmeta().custom_metadata_map
        try:
            self.info = from_metadata(metadata)
        except ValueError as error:
            msg = f"{file} is an ONNX model, but it cannot be used: {error}."
            raise ModelFileError(msg) from error

    def probabilities(self, batch: NDArray[Any]) -> NDArray[np.float32]:
        """Probabilities (N, classes) of a batch of what ``info.input_kind`` names."""
        found: NDArray[np.float32] = self._session.run(None, {self._input: batch})[0]
        return found


def _open(file: Path) -> Any:
    if not file.is_file():
        raise ModelFileError(f"There is no model file {file}.")
    options = onnxruntime.SessionOptions()
    options.log_severity_level = _FATAL  # what goes wrong is raised; nothing is to be printed
    try:
        return onnxruntime.InferenceSession(str(file), options, providers=["CPUExecutionProvider"])
    except Exception as error:  # onnxruntime's errors have no common class
        msg = f"{file} is not an ONNX model that onnxruntime can run, or it is damaged: {error}"
        raise ModelFileError(msg) from error
