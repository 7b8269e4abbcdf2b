from __future__ import annotations

import pytest
import torch
from torch._dynamo.backends.common import aot_autograd

from graftwork.engine.speed.compiling import CompiledLogits, choose_compiling, piece_sizes
from support.classifiers import tiny_classifier

_CPU, _GPU = torch.device("cpu"), torch.device("cuda")


@pytest.fixture
def tools(tmp_path, monkeypatch):
    """A machine with a C++ compiler, and none but it."""
    compiler = tmp_path / "g++"
    compiler.touch(0o755)
    monkeypatch.setattr("platform.system", lambda: "Linux")
    monkeypatch.setenv("PATH", str(tmp_path))
    return compiler


@pytest.mark.parametrize(
    ("wanted", "on", "reason"),
    [("off", False, "asked"), ("on", True, "asked"), ("auto", False, "longer than it saves")],
)
def test_a_processor_compiles_only_when_asked_to(tools, wanted, on, reason):
    decision = choose_compiling(wanted, _CPU, 100_000)
    assert decision.on == on
    assert reason in decision.reason


def test_without_a_compiler_nothing_is_compiled(tools):
    tools.unlink()
    decision = choose_compiling("on", _CPU, 100_000)
    assert not decision.on
    assert "no compiler" in decision.reason


@pytest.mark.parametrize(("steps", "on"), [(100, False), (100_000, True)])
def test_on_a_gpu_it_depends_on_the_steps(monkeypatch, steps, on):
    monkeypatch.setattr("graftwork.engine.speed.compiling.find_spec", lambda _name: object())
    assert choose_compiling("auto", _GPU, steps).on == on


def _pixels(images):
    return torch.full((images, 3, 32, 32), 100, dtype=torch.uint8)


def test_whole_batches_are_compiled_once_and_others_never():
    compiled_shapes = []

    def backend(graph, examples):
        compiled_shapes.append([len(example) for example in examples if example.ndim == 4][-1:])
        return graph.forward

    classifier = tiny_classifier().eval()
    logits = CompiledLogits(classifier.logits, [4], backend)
    for images in (3, 4, 4, 1, 4):
        torch.testing.assert_close(logits(_pixels(images)), classifier.logits(_pixels(images)))
    assert len(compiled_shapes) == 1
    assert logits.failure is None


@pytest.mark.parametrize(
    ("images", "accumulate", "sizes"),
    [(8, 1, [8]), (8, 4, [2, 2, 2, 2]), (10, 4, [3, 3, 2, 2]), (3, 8, [3]), (1, 2, [1])],
)
def test_steps_are_cut_into_even_pieces_of_two_images_or_more(images, accumulate, sizes):
    assert piece_sizes(images, accumulate) == sizes


def test_all_pieces_of_a_step_are_compiled():
    compiled = []

    def backend(graph, examples):
        compiled.append(graph)
        return graph.forward

    classifier = tiny_classifier().eval()
    sizes = piece_sizes(10, 4)
    logits = CompiledLogits(classifier.logits, sizes, backend)
    for images in sizes:
        logits(_pixels(images))
    assert len(compiled) == 2


def test_where_compiling_fails_steps_go_on():
    def backend(_graph, _examples):
        raise ValueError("the compiler is broken\nat length")

    classifier = tiny_classifier().eval()
    logits = CompiledLogits(classifier.logits, [2], backend)
    for _ in range(2):
        found = logits(_pixels(2))
        torch.testing.assert_close(found, classifier.logits(_pixels(2)))
    assert "the compiler is broken" in logits.failure
    assert "\n" not in logits.failure
    found.sum().backward()


def test_full_memory_is_not_taken_for_a_failure():
    def backend(_graph, _examples):
        return full

    def full(*_inputs):
        raise MemoryError

    logits = CompiledLogits(tiny_classifier().eval().logits, [2], backend)
    with pytest.raises(MemoryError):
        logits(_pixels(2))


def test_a_failure_to_compile_the_way_back_is_noticed_on_the_way_there():
    def broken(_graph, _examples):
        raise ValueError("no way back")

    backend = aot_autograd(fw_compiler=lambda graph, _: graph.forward, bw_compiler=broken)
    classifier = tiny_classifier().eval()
    logits = CompiledLogits(classifier.logits, [4], backend)
    logits(_pixels(4)).sum().backward()
    assert logits.failure
    assert "no way back" in logits.failure


def test_every_phase_of_a_process_is_compiled():
    """Torch gives up after some compilations of the same code, silently."""
    compiled = []

    def backend(graph, _examples):
        compiled.append(graph)
        return graph.forward

    for _ in range(12):
        CompiledLogits(tiny_classifier().eval().logits, [4], backend)(_pixels(4))
    assert len(compiled) == 12
