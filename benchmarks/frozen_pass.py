"""Times the pass through a frozen EfficientNet-Lite0 against bare ONNX Runtime and OpenVINO.

    python benchmarks/frozen_pass.py [--rounds 15] [--threads 2]

Ours goes from 64 decoded images (uint8) to features, engine by engine. The bare engines get what
the first convolution sees, ready in memory, all in single precision, at the batch size that is
best for them, with all threads on one batch or each on its own. All take turns in every round,
each in a process of its own; figures are medians over the rounds, ratios medians of each round's
ratio to the bare engine that is fastest. Without OpenVINO, it is left out.
"""

from __future__ import annotations

import argparse
import io
import json
import statistics
import subprocess
import sys
import threading
import time
import warnings
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, ExitStack
from functools import partial
from pathlib import Path
from typing import Any, cast

import numpy as np
import torch
from sklearn.datasets import load_sample_image
from torch import Tensor

from graftwork.data.input_spec import input_spec
from graftwork.engine.classifier import Classifier, build_classifier
from graftwork.engine.classifier_info import ClassifierInfo
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
BATCHES = (1, 2, 4, 8)
HOWS = ("one batch for all threads", "a batch for each")

Run = Callable[[], Any]


def main() -> None:
    """Measure all engines in turn, print and write the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--engine", help="take turns as this one, for the program itself")
    given = parser.parse_args()
    torch.set_num_threads(given.threads)
    if given.engine:
        _take_turns(_runner(given.engine, given.threads))
        return
    with ExitStack() as stack:
        processes = {name: stack.enter_context(_Turns(name, given.threads)) for name in _names()}
        rounds = [_round(processes) for _ in range(given.rounds + 1)][1:]
    auto = choose_engines("auto", torch.device("cpu"), 10**15).names[0]
    result = {
        "processor": device_name(torch.device("cpu")),
        **_result(rounds),
        "rounds": given.rounds,
        "threads": given.threads,
        "chosen for many images": auto,
    }
    RESULT.parent.mkdir(exist_ok=True)
    RESULT.write_text(json.dumps(result, indent=1) + "\n", "utf-8")
    print(json.dumps(result, indent=1))


def _names() -> list[str]:
    """Ours by their names, bare ones with how they split the work."""
    engines = ["onnxruntime"] + ["openvino"] * has_openvino()
    bare = [
        f"bare {engine}, {how}, {batch} at once"
        for engine in engines
        for how in HOWS
        for batch in BATCHES
    ]
    return ["torch", *engines, *bare]


class _Turns(AbstractContextManager["_Turns"]):
    """An engine in a process of its own: idle threads of one would take the next one's time."""

    def __init__(self, name: str, threads: int) -> None:
        words = [sys.executable, __file__, "--engine", name, "--threads", str(threads)]
        pipe = subprocess.PIPE
        self._process = subprocess.Popen(words, stdin=pipe, stdout=pipe, text=True)

    def __exit__(self, *_: object) -> None:
        self._process.communicate("")

    def speed(self) -> float:
        """Images a second."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write("go\n")
        self._process.stdin.flush()
        return IMAGES / float(self._process.stdout.readline())


def _take_turns(run: Run) -> None:
    for _ in sys.stdin:
        run()
        print(_seconds(run), flush=True)


def _runner(name: str, threads: int) -> Run:
    keep_heap()
    classifier, samples = _lite0(), _photographs()
    pixels = samples.batch(torch.arange(IMAGES))
    if not name.startswith("bare"):
        return _our_run(name, classifier, samples)
    engine, how, batch = name.removeprefix("bare ").removesuffix(" at once").split(", ")
    chunks = classifier.normalize(pixels).contiguous().split(int(batch))
    build = _runtime if engine == "onnxruntime" else _vino
    lanes = threads if how == HOWS[1] else 1
    compute = build(_graph(classifier, chunks[0]), threads, lanes)
    return partial(_all, compute, [chunk.numpy() for chunk in chunks], lanes)


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


def _our_run(name: str, classifier: Classifier, samples: PixelSamples) -> Run:
    stages = len(classifier.stages)
    built = build_pass(name, classifier, (stages,), probe(classifier, samples, stages))
    assert isinstance(built, FrozenPass), built
    return partial(built, samples.batch(torch.arange(IMAGES)))


def _graph(classifier: Classifier, example: Tensor) -> bytes:
    file = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(classifier.stages, (example,), cast("Any", file), dynamo=False)
    return file.getvalue()


def _runtime(graph: bytes, threads: int, lanes: int) -> Callable[[Any], Any]:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads // lanes
    session = onnxruntime.InferenceSession(graph, options, providers=["CPUExecutionProvider"])
    name = session.get_inputs()[0].name
    return lambda images: session.run(None, {name: images})[0]


def _vino(graph: bytes, threads: int, lanes: int) -> Callable[[Any], Any]:
    import openvino

    core = openvino.Core()
    hints = {
        "INFERENCE_PRECISION_HINT": "f32",
        "INFERENCE_NUM_THREADS": threads,
        "NUM_STREAMS": lanes,
    }
    model = core.compile_model(core.read_model(graph), "CPU", hints)
    own = threading.local()

    def compute(images: Any) -> Any:
        if not hasattr(own, "request"):
            own.request = model.create_infer_request()
        return own.request.infer([images], share_inputs=True)[0].copy()

    return compute


def _all(compute: Callable[[Any], Any], chunks: list[Any], lanes: int) -> Any:
    if lanes == 1:
        return np.concatenate([compute(chunk) for chunk in chunks])
    with ThreadPoolExecutor(lanes) as pool:
        return np.concatenate(list(pool.map(compute, chunks)))


def _round(processes: Mapping[str, _Turns]) -> dict[str, float]:
    return {name: process.speed() for name, process in processes.items()}


def _seconds(run: Run) -> float:
    began = time.perf_counter()
    run()
    return time.perf_counter() - began


def _result(rounds: list[dict[str, float]]) -> dict[str, Any]:
    def median(values: Iterable[float]) -> float:
        return float(f"{statistics.median(values):.3g}")

    speeds = {name: median(figures[name] for figures in rounds) for name in rounds[0]}
    bare = [name for name in speeds if name.startswith("bare")]
    fastest = max(bare, key=speeds.__getitem__)
    return {
        "images a second": speeds,
        "fastest bare one": fastest,
        "to the fastest bare one": {
            name: median(figures[name] / figures[fastest] for figures in rounds)
            for name in speeds
            if name not in bare
        },
    }


if __name__ == "__main__":
    main()
