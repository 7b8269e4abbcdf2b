from __future__ import annotations

import importlib.util
import sys
import threading
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import nn

from graftwork.engine.frozen import engines, exported
from graftwork.engine.frozen.engines import (
    EXACT,
    ROUNDED,
    build_pass,
    choose_engines,
    outlets_of,
    relative_error,
)
from graftwork.engine.frozen.keys import pass_key
from graftwork.engine.frozen.passes import FrozenPass, batch_for
from graftwork.engine.frozen.probing import probe
from support.classifiers import tiny_classifier
from support.small_setup import noise_samples

CPU = torch.device("cpu")
FEW, MANY = 10**9, 10**16


@pytest.fixture
def classifier():
    return tiny_classifier().eval()


@pytest.fixture
def samples():
    return noise_samples(range(20))


def _live(classifier, pixels, stages):
    with torch.no_grad():
        return nn.Sequential(*list(classifier.stages)[:stages])(classifier.normalize(pixels))


@pytest.mark.parametrize("openvino", [True, False])
def test_a_rule_chooses_the_engine(monkeypatch, openvino):
    monkeypatch.setattr(engines, "has_openvino", lambda: openvino)
    assert choose_engines("auto", CPU, FEW).names == ("torch", "torch-plain")
    fastest = "openvino" if openvino else "onnxruntime"
    assert choose_engines("auto", CPU, MANY).names == (fastest, "torch", "torch-plain")
    assert choose_engines("auto", torch.device("cuda"), MANY).names[0] == "torch"
    assert choose_engines("auto", CPU, MANY, tapped=True).names[0] == "torch"
    assert choose_engines("torch-bf16", torch.device("cuda"), MANY).names[0] == "torch-bf16"
    wanted = choose_engines("openvino-bf16", CPU, FEW)
    assert wanted.names[0] == ("openvino-bf16" if openvino else "torch")
    assert (wanted.warning is None) == openvino
    asked = choose_engines("onnxruntime", torch.device("cuda"), MANY)
    assert asked.names[0] == "torch"
    assert "processor alone" in asked.warning


def test_small_networks_go_in_large_batches():
    powers = (0, 9, 10, 11, 12)
    assert [batch_for("torch", CPU, 10**power) for power in powers] == [16, 16, 8, 1, 1]
    assert [batch_for("openvino", CPU, 10**power) for power in powers] == [2, 2, 2, 1, 1]
    assert batch_for("onnxruntime", CPU, 10**9) == 1
    assert batch_for("torch", torch.device("cuda"), 10**12) == 64


def _engines():
    for name in ("torch", "torch-plain", "torch-bf16", "onnxruntime", "openvino", "openvino-bf16"):
        missing = name.startswith("openvino") and not exported.has_openvino()
        yield pytest.param(name, marks=pytest.mark.skipif(missing, reason="needs OpenVINO"))


@pytest.mark.parametrize("engine", list(_engines()))
def test_every_engine_gives_what_the_live_network_gives(engine, classifier, samples):
    built = build_pass(engine, classifier, (4,), probe(classifier, samples, 4))
    assert isinstance(built, FrozenPass)
    pixels = samples.batch(torch.arange(20))
    (found,) = built(pixels)
    assert found.dtype == torch.float32
    error = relative_error(found, _live(classifier, pixels, 4))
    assert error <= (ROUNDED if engine.endswith("bf16") else EXACT)
    # OpenVINO computes in fp32 where the processor has no bf16.
    assert error > 1e-4 or engine != "torch-bf16"
    assert torch.equal(built(pixels[[7]])[0][0], found[7])
    assert torch.equal(built(pixels.flip(0))[0], found.flip(0))


def test_threads_that_compute_batches_of_their_own_give_the_same(classifier, samples):
    built = _built("onnxruntime", classifier, (4,), probe(classifier, samples, 4))
    pixels = samples.batch(torch.arange(20))
    one, three = replace(built, lanes=1)(pixels), replace(built, lanes=3)(pixels)
    assert torch.equal(one[0], three[0])


def test_what_fails_in_a_thread_is_raised(classifier, samples):
    def fail(pixels):
        raise MemoryError

    with pytest.raises(MemoryError):
        FrozenPass(batch=2, outlets=(4,), run=fail, lanes=3)(samples.batch(torch.arange(20)))


def test_taps_give_what_a_pass_to_there_gives_to_the_bit(classifier, samples):
    found = probe(classifier, samples, 4)
    pixels, (_, *taps, last) = samples.batch(torch.arange(5)), found.boundaries
    outlets = outlets_of("torch", CPU, taps, last)
    assert outlets == (2, 3, 4)
    for outlet, output in zip(
        outlets, _built("torch", classifier, outlets, found)(pixels), strict=True
    ):
        alone = _built("torch", classifier, (outlet,), found)
        assert torch.equal(alone(pixels)[0], output)


def _built(*parts):
    built = build_pass(*parts)
    assert isinstance(built, FrozenPass)
    return built


class _InPlace(nn.Module):
    def forward(self, images):
        return images.add_(1)


def test_a_stage_that_works_in_place_leaves_what_is_tapped_below_as_it_was(classifier, samples):
    classifier.stages.top.insert(0, _InPlace())
    found, pixels = probe(classifier, samples, 4), samples.batch(torch.arange(5))
    below, _ = _built("torch", classifier, (2, 3), found)(pixels)
    assert torch.equal(below, _built("torch", classifier, (2,), found)(pixels)[0])


def test_pixels_can_be_used_again_after_a_pass(classifier, samples):
    """Augmented views come as the numbers that the network takes, in the same order in memory."""
    pixels = samples.batch(torch.arange(20)).float()
    before = pixels.clone()
    _built("torch", classifier, (4,), probe(classifier, samples, 4))(pixels)
    assert torch.equal(pixels, before)


def test_graphs_and_batches_of_another_size_are_not_tapped(classifier, samples):
    (_, *taps, last) = probe(classifier, samples, 4).boundaries
    assert outlets_of("onnxruntime", CPU, taps, last) == (4,)
    costly = [replace(taps[0], operations=10**9), replace(taps[1], operations=9 * 10**9)]
    assert outlets_of("torch", CPU, costly, replace(last, operations=10**10)) == (3, 4)


class _Branching(nn.Module):
    """A trace of it goes the way of the images that it was made with, which are gray."""

    def __init__(self, bright=1.0, gray=1.0) -> None:
        super().__init__()
        self.bright, self.gray = bright, gray

    def forward(self, images):
        return images * (self.bright if float(images.max()) > 0.5 else self.gray)


class _Picky(nn.Module):
    """Takes no batches of the size that graphs are made for."""

    def forward(self, images):
        assert len(images) != 1
        return images + 1


@pytest.mark.parametrize(
    ("stage", "why"),
    [
        (_Branching(bright=2.0), "relative error on your images is 0.5, more than 0.0001"),
        (_Branching(bright=1.01), "relative error on your images is 0.0099, more than 0.0001"),
        (_Branching(gray=float("nan")), "relative error on your images is nan"),
        (_Picky(), "cannot compute this network"),
    ],
    ids=["far off", "as far off as bf16 may be", "not a number", "failing"],
)
def test_an_engine_that_cannot_follow_the_network_says_so(classifier, samples, stage, why):
    classifier.stages.stem = stage
    found = probe(classifier, samples, 1)
    refused = build_pass("onnxruntime", classifier, (1,), found)
    assert isinstance(refused, str)
    assert why in refused
    assert isinstance(build_pass("torch", classifier, (1,), found), FrozenPass)


class _Wide(nn.Module):
    """Differences of large numbers, which bf16 cannot tell apart."""

    def forward(self, images):
        return (images + 4096) - 4096


def test_an_engine_that_errs_too_much_is_refused(classifier, samples):
    classifier.stages.stem = _Wide()
    found = probe(classifier, samples, 1)
    refused = build_pass("torch-bf16", classifier, (1,), found)
    assert "relative error" in refused
    assert f"more than {ROUNDED:g}" in refused


def test_the_relative_error_is_that_of_the_worst_image():
    expected = torch.tensor([[3.0, 4.0], [0.0, 10.0]])
    found = expected + torch.tensor([[0.0, 0.5], [0.6, 0.8]])
    assert relative_error(found, expected) == pytest.approx(0.1)
    assert relative_error(expected, expected) == 0


def test_the_key_names_weights_engine_boundary_and_input(classifier, samples):
    boundaries = probe(classifier, samples, 4).boundaries

    def key(boundary=boundaries[1], engine="torch", of=classifier):
        return pass_key(of, boundary, engine)

    same = tiny_classifier().eval()
    assert key(of=same) == key()
    others = {key(boundary) for boundary in boundaries} | {key(engine="torch-bf16")}
    with torch.no_grad():
        same.stages.stem[1].running_mean[0] += 1e-3
    others.add(key(of=same))
    others.add(key(of=tiny_classifier(fit="pad").eval()))
    assert len(others) == 7
    same.stages.top[0].weight.data.zero_()
    assert key(of=same) in others  # what lies above does not matter


@pytest.mark.parametrize(
    ("what", "other"),
    [
        ("graftwork.engine.frozen.keys._VERSION", 0),
        ("graftwork.engine.frozen.keys.__version__", "0.0.0"),
        ("graftwork.engine.frozen.keys.device_name", lambda _device: "another processor"),
        ("torch.get_num_threads", lambda: 77),
        ("torch.__version__", "0.0.0"),
        ("onnxruntime.__version__", "0.0.0"),
    ],
)
def test_what_another_program_or_machine_computed_is_not_taken(
    monkeypatch, classifier, samples, what, other
):
    """Not even where only the last bit may differ: runs must repeat."""
    boundary = probe(classifier, samples, 4).boundaries[-1]
    before = pass_key(classifier, boundary, "onnxruntime")
    monkeypatch.setattr(what, other)
    assert pass_key(classifier, boundary, "onnxruntime") != before


@pytest.mark.parametrize(
    "otherwise", [{"half": False}, {"channels_last": False}, {"operations": 10**10}]
)
def test_what_was_stored_or_batched_otherwise_is_not_taken(classifier, samples, otherwise):
    boundary = probe(classifier, samples, 4).boundaries[1]
    other = replace(boundary, **otherwise)
    assert pass_key(classifier, other, "torch") != pass_key(classifier, boundary, "torch")


def test_what_a_network_with_the_same_weights_gave_is_not_taken(classifier, samples):
    boundary = probe(classifier, samples, 4).boundaries[-1]
    before = pass_key(classifier, boundary, "torch")
    classifier.stages.stem[0].padding = (0, 0)
    assert pass_key(classifier, boundary, "torch") != before


def _pool(folder: Path, result: str) -> type[torch.nn.Module]:
    """A kind of module of a plugin's file: the network's text does not show its code."""
    file = folder / "plugin_that_changes.py"
    file.write_text(
        "import torch\n\n\n"
        "class Pool(torch.nn.Module):\n"
        f"    def forward(self, images):\n        return {result}\n",
        "utf-8",
    )
    spec = importlib.util.spec_from_file_location(file.stem, file)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules[file.stem] = module
    spec.loader.exec_module(module)
    return module.Pool


def test_the_key_names_the_code_of_a_plugins_modules(monkeypatch, tmp_path, classifier, samples):
    monkeypatch.delitem(sys.modules, "plugin_that_changes", raising=False)
    boundary = probe(classifier, samples, 4).boundaries[-1]
    keys = []
    for result in ("images.mean((2, 3))", "images.mean((2, 3)).flip(1)"):
        classifier.stages.pool = _pool(tmp_path, result)()
        keys += [pass_key(classifier, boundary, "torch") for _ in range(2)]
    assert keys[0] == keys[1] != keys[2] == keys[3]


@pytest.mark.skipif(not exported.has_openvino(), reason="OpenVINO is not installed")
def test_openvino_is_first_called_where_no_other_thread_can_meet_it(monkeypatch, classifier):
    """Threads that met in the first call of its binding have waited for each other forever."""
    import openvino

    callers, infer = [], openvino.InferRequest.infer

    def infer_and_note(request, *inputs, **more):
        callers.append(threading.current_thread())
        return infer(request, *inputs, **more)

    monkeypatch.setattr(openvino.InferRequest, "infer", infer_and_note)
    engine = exported.openvino_pass(classifier, len(classifier.stages), 2)
    assert callers == [threading.main_thread()]
    engine(torch.zeros(4, 3, 32, 32))
    assert len(callers) == 3
