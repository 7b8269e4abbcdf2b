"""Times the pass through a frozen EfficientNet-Lite0 against bare ONNX Runtime and OpenVINO.

    python benchmarks/frozen_pass.py [--rounds 15] [--threads 2]

Ours goes from 64 decoded images (uint8) to features, engine by engine. The bare engines get what
the first convolution sees, ready in memory, all in single precision, at the batch size that is
best for them. All take turns in every round; figures are medians over the rounds, ratios medians
of each round's ratio to the bare engine that is fastest. Without OpenVINO, it is left out.
"""

from __future__ import annotations

import argparse
import io
import json
import statistics
import time
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any, cast

import numpy as np
import torch
from sklearn.datasets import load_sample_image
from torch import Tensor

from graftwork.data.input_spec import input_spec
from graftwork.engine.classifier import Classifier, ClassifierInfo, build_classifier
from graftwork.engine.device import device_name
from graftwork.engine.frozen.engines import build_pass, choose_engines
from graftwork.engine.frozen.exported import has_openvino
from graftwork.engine.frozen.passes import FrozenPass
from graftwork.engine.frozen.probing import probe
from graftwork.engine.heads.spec import HeadSpec
from graftwork.engine.heap import keep_heap
from graftwork.engine.inputs import PixelSamples
from graftwork.engine.weights.store import locate_weights
from graftwork.paths import weights_folder
from graftwork.plugin_host.loading import load_plugins

RESULT = Path(__file__).parent / "results" / "frozen_pass.json"

IMAGES = 64
BATCHES = (1, 2, 8, 32)

Run = Callable[[], Any]


def main() -> None:
    """Measure all engines in turn, print and write the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--threads", type=int, default=2)
    given = parser.parse_args()
    torch.set_num_threads(given.threads)
    keep_heap()
    classifier, samples = _lite0(), _photographs()
    ours = dict(_ours(classifier, samples))
    bare = dict(_bare(classifier, samples.batch(torch.arange(IMAGES)), given.threads))
    rounds = [_round({**ours, **bare}) for _ in range(given.rounds + 1)][1:]
    result = _result(rounds, list(ours), list(bare))
    auto = choose_engines("auto", torch.device("cpu"), 10**15).names[0]
    result |= {"rounds": given.rounds, "threads": given.threads, "chosen for many images": auto}
    RESULT.parent.mkdir(exist_ok=True)
    RESULT.write_text(json.dumps(result, indent=1) + "\n", "utf-8")
    print(json.dumps(result, indent=1))


def _lite0() -> Classifier:
    backbone = load_plugins().backbone("efficientnet-lite0")
    info = ClassifierInfo(
        classes=("a", "b"),
        input=input_spec(backbone.preprocessing, fit="squash", channels=3),
        backbone=backbone.name,
        strategy="feature-extraction",
        head=HeadSpec(),
        data_fingerprint="",
        graftwork_version="",
    )
    classifier = build_classifier(backbone, info, locate_weights(backbone, weights_folder()))
    return classifier.to(memory_format=torch.channels_last).eval()


def _photographs() -> PixelSamples:
    """Windows of two photographs."""
    photographs = [load_sample_image(name) for name in ("china.jpg", "flower.jpg")]
    windows = [
        photographs[number % 2][number : number + 224, 5 * number : 5 * number + 224]
        for number in range(IMAGES)
    ]
    labels = torch.zeros(IMAGES, dtype=torch.int64)
    return PixelSamples(pixels=np.stack(windows), rows=np.arange(IMAGES), labels=labels)


def _ours(classifier: Classifier, samples: PixelSamples) -> Iterator[tuple[str, Run]]:
    stages = len(classifier.stages)
    found, pixels = probe(classifier, samples, stages), samples.batch(torch.arange(IMAGES))
    names = ["torch", "onnxruntime"] + ["openvino"] * has_openvino()
    for name in names:
        built = build_pass(name, classifier, (stages,), found)
        assert isinstance(built, FrozenPass), built
        yield name, partial(built, pixels)


def _bare(classifier: Classifier, pixels: Tensor, threads: int) -> Iterator[tuple[str, Run]]:
    """Every engine at every batch size; the fastest of all is what counts."""
    normalized = classifier.normalize(pixels).contiguous()
    for batch in BATCHES:
        graph, chunks = _graph(classifier, normalized[:batch]), normalized.split(batch)
        arrays = [chunk.numpy() for chunk in chunks]
        yield f"bare onnxruntime, {batch} at once", partial(_all, _runtime(graph, threads), arrays)
        if has_openvino():
            yield f"bare openvino, {batch} at once", partial(_all, _vino(graph, threads), arrays)


def _graph(classifier: Classifier, example: Tensor) -> bytes:
    file = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(classifier.stages, (example,), cast("Any", file), dynamo=False)
    return file.getvalue()


def _runtime(graph: bytes, threads: int) -> Callable[[Any], Any]:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    session = onnxruntime.InferenceSession(graph, options, providers=["CPUExecutionProvider"])
    name = session.get_inputs()[0].name
    return lambda images: session.run(None, {name: images})[0]


def _vino(graph: bytes, threads: int) -> Callable[[Any], Any]:
    import openvino

    core = openvino.Core()
    hints = {"INFERENCE_PRECISION_HINT": "f32", "INFERENCE_NUM_THREADS": threads}
    request = core.compile_model(core.read_model(graph), "CPU", hints).create_infer_request()
    return lambda images: request.infer([images], share_inputs=True)[0].copy()


def _all(compute: Callable[[Any], Any], chunks: list[Any]) -> Any:
    return np.concatenate([compute(chunk) for chunk in chunks])


def _round(runs: Mapping[str, Run]) -> dict[str, float]:
    """Images a second."""
    return {name: IMAGES / _seconds(run) for name, run in runs.items()}


def _seconds(run: Run) -> float:
    began = time.perf_counter()
    run()
    return time.perf_counter() - began


def _result(rounds: list[dict[str, float]], ours: list[str], bare: list[str]) -> dict[str, Any]:
    def median(values: Iterable[float]) -> float:
        return float(f"{statistics.median(values):.3g}")

    speeds = {name: median(figures[name] for figures in rounds) for name in ours + bare}
    fastest = max(bare, key=speeds.__getitem__)
    return {
        "processor": device_name(torch.device("cpu")),
        "images a second": speeds,
        "fastest bare one": fastest,
        "to the fastest bare one": {
            name: median(figures[name] / figures[fastest] for figures in rounds) for name in ours
        },
    }


if __name__ == "__main__":
    main()
