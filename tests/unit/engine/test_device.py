from __future__ import annotations

import platform

import pytest
import torch
from torch import nn

from graftwork.engine.device import choose_device, choose_precision, device_name
from graftwork.engine.errors import TrainingError
from graftwork.engine.events import Progress
from graftwork.engine.heap import keep_heap
from graftwork.engine.monitor import LoadMonitor, with_load
from support.classifiers import tiny_classifier

CPU = torch.device("cpu")
HAS_BF16 = any(torch.cpu.get_capabilities().get(f"{unit}_bf16") for unit in ("avx512", "amx"))
HAS_GPU = torch.cuda.is_available() or torch.backends.mps.is_available()


def test_a_device_that_is_asked_for_is_taken():
    assert choose_device("cpu") == CPU


@pytest.mark.skipif(HAS_GPU, reason="there is a GPU here")
def test_without_a_gpu_the_processor_is_chosen_and_a_gpu_refused():
    assert choose_device("auto") == CPU
    for wanted in ("cuda", "mps"):
        with pytest.raises(TrainingError, match="device=cpu"):
            choose_device(wanted)


def test_the_device_has_a_name():
    assert device_name(CPU)


@pytest.mark.parametrize(
    ("wanted", "dtype"), [("fp32", None), ("bf16", torch.bfloat16), ("fp16", torch.float16)]
)
def test_a_precision_that_is_asked_for_is_taken(wanted, dtype):
    choice = choose_precision(wanted, CPU, tiny_classifier().stages)
    assert (choice.name, choice.dtype) == (wanted, dtype)


@pytest.mark.parametrize("name", ["fp32", "bf16", "fp16"])
def test_it_is_said_where_the_processor_only_imitates_a_precision(name):
    units = torch.cpu.get_capabilities()
    here = name == "fp32" or any(units.get(f"{unit}_{name}") for unit in ("avx512", "amx"))
    choice = choose_precision(name, CPU, tiny_classifier().stages)
    assert choice.slow != here
    assert (f"no {name} arithmetic" in choice.reason) != here


@pytest.mark.parametrize(
    ("units", "wanted", "chosen", "said"),
    [
        ({"avx512_bf16": True}, "auto", "bf16", "gains by it"),
        ({"amx_bf16": True}, "auto", "bf16", "gains by it"),
        ({"avx512_bf16": False}, "auto", "fp32", "no bf16 arithmetic"),
        ({"avx512_bf16": False}, "bf16", "bf16", "no bf16 arithmetic"),
        ({"neon": True, "bf16": True}, "auto", "fp32", "was not tried"),
        ({"neon": True, "bf16": True}, "bf16", "bf16", "as asked for"),
        ({"neon": True, "fp16_arith": True}, "fp16", "fp16", "as asked for"),
    ],
)
def test_each_kind_of_processor_gets_what_is_fast_there(monkeypatch, units, wanted, chosen, said):
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: units)
    choice = choose_precision(wanted, CPU, tiny_classifier().stages)
    assert choice.name == chosen
    assert said in choice.reason
    assert choice.slow == ("take more than ten times" in choice.reason)


@pytest.mark.parametrize("options", [{"dilation": 2}, {"padding": "same"}])
def test_depthwise_convolutions_without_fast_gradients_stay_in_fp32(options):
    stages = nn.Sequential(nn.Conv2d(8, 8, 3, groups=8, **options))
    choice = choose_precision("auto", CPU, stages)
    assert choice.dtype is None
    assert choice.reason


@pytest.mark.parametrize(
    "stages",
    [
        tiny_classifier().stages,
        nn.Sequential(nn.Conv2d(8, 8, 5, padding=2, groups=8)),
        nn.Sequential(nn.Conv2d(8, 8, 3, dilation=2, groups=2)),
    ],
)
def test_other_networks_use_bf16_where_the_processor_has_it(stages):
    assert choose_precision("auto", CPU, stages).name == ("bf16" if HAS_BF16 else "fp32")


def test_the_load_is_sampled_once_a_second_at_most():
    monitor = LoadMonitor(CPU)
    assert monitor.sample() is None


def test_a_sample_has_the_processor_and_no_gpu(monkeypatch):
    monitor = LoadMonitor(CPU)
    monkeypatch.setattr("graftwork.engine.monitor._INTERVAL_S", 0.0)
    sample = monitor.sample()
    assert sample is not None
    assert 0 <= sample.cpu_percent <= 100
    assert sample.memory_mib > 10
    assert sample.gpu_percent is None


def test_the_load_is_told_between_whatever_events_there_are(monkeypatch):
    monkeypatch.setattr("graftwork.engine.monitor._INTERVAL_S", 0.0)
    ended = []

    def work():
        try:
            for done in range(3):
                yield Progress(what="Solving", done=done, total=2)
        finally:
            ended.append(True)

    events = with_load(work(), CPU)
    kinds = [next(events).kind for _ in range(4)]
    assert kinds == ["load-sampled", "progress"] * 2
    events.close()
    assert ended == [True]


def test_the_heap_is_kept_where_there_is_glibc():
    assert keep_heap() == (platform.libc_ver()[0] == "glibc")
