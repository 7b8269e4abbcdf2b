"""What a run is thought to cost: the sums, checked by hand, and the words."""

from __future__ import annotations

import itertools
import sys
import time
from contextlib import closing
from dataclasses import replace
from types import SimpleNamespace
from uuid import uuid4

import psutil
import pytest
import torch
from pydantic import BaseModel
from torch import nn

from graftwork.engine import events as ev
from graftwork.engine.cost import solving, stages
from graftwork.engine.cost.estimate import START_S, Cost
from graftwork.engine.cost.kept import Kept, cache_bytes, passes_seconds
from graftwork.engine.cost.stages import StageCost, stage_costs
from graftwork.engine.cost.told import in_words, tell_measured
from graftwork.engine.frozen import plan as frozen_plan
from graftwork.engine.frozen.probing import Boundary
from graftwork.engine.inputs import PixelSamples
from graftwork.engine.planning import Planned
from graftwork.engine.setup import backbone_outline
from graftwork.engine.train import train
from graftwork.plugin_api import (
    HEAD,
    SWA,
    DataOutline,
    MeasuredStages,
    Phase,
    SolvedHead,
    Strategy,
    WiSE,
)
from support.classifiers import tiny_classifier
from support.jobs import of_kind, run_job, small_job

_PROCESSOR = torch.device("cpu")


def _samples():
    pixels = torch.zeros(4, 32, 32, 3, dtype=torch.uint8).numpy()
    return PixelSamples(
        pixels=pixels, rows=torch.arange(4).numpy(), labels=torch.zeros(4, dtype=torch.long)
    )


@pytest.fixture
def costs():
    return {c.name: c for c in stage_costs(tiny_classifier(), _samples(), torch.device("cpu"))}


def _kept(stages, images):
    shape = (2**20,)  # 4 MiB an image
    boundary = Boundary(stages=stages, shape=shape, channels_last=False, half=False, operations=1)
    return Kept(images=images, boundaries=(boundary,))


@pytest.mark.parametrize(
    ("phases", "gib"),
    [
        ([], 0),
        ([(1, 256), (2, 512), (2, 256)], 3),
        ([(1, 3_072), (2, 3_072)], 20),  # what came first makes room
        ([(1, 3_072), (2, 15_360)], 60),  # what a phase needs does not
    ],
)
def test_the_cache_holds_its_limit_or_what_one_phase_needs(phases, gib):
    assert cache_bytes([_kept(*phase) for phase in phases]) == gib * 2**30


def test_what_is_kept_above_does_not_serve_a_phase_that_needs_what_lies_below():
    """As where there was no room for both."""
    each = StageCost(name="x", seconds=1.0, call_seconds=0.0, activation_bytes=0.0, weight_bytes=0)
    assert passes_seconds([each] * 4, [_kept(3, 10), _kept(1, 10), _kept(3, 10)]) == 30 + 10
    assert passes_seconds([each] * 4, [_kept(1, 10), _kept(3, 10)]) == 10 + 20


class _Pair(nn.Module):
    """A stage as those of some networks, which hand on two tensors."""

    def forward(self, images):
        return images, images[:, :1]


class _First(nn.Module):
    def forward(self, pair):
        return pair[0]


def test_a_stage_may_hand_on_several_tensors():
    classifier = tiny_classifier()
    classifier.stages.middle = nn.Sequential(_Pair())
    classifier.stages.top = nn.Sequential(_First(), *[nn.Conv2d(8, 16, 1)])
    found = {c.name: c for c in stage_costs(classifier, _samples(), torch.device("cpu"))}
    assert found["middle"].activation_bytes == 9 * 16 * 16 * 4


def test_every_stage_has_its_cost(costs):
    assert list(costs) == ["stem", "middle", "top", "pool", "head"]
    assert all(cost.seconds > 0 for cost in costs.values())


def test_bytes_are_those_of_the_layers_outputs(costs):
    """The stem: convolution, norm and ReLU, each 8 channels of 16 x 16 in four bytes."""
    assert costs["stem"].activation_bytes == 3 * 8 * 16 * 16 * 4
    assert costs["stem"].weight_bytes == (3 * 8 * 9 + 4 * 8) * 4 + 8


@pytest.mark.parametrize(
    ("seconds", "said"), [(0.2, "1 s"), (89, "89 s"), (600, "10 min"), (7500, "2 h 5 min")]
)
def test_time_is_said_as_people_say_it(seconds, said):
    assert in_words(Cost(seconds=seconds, memory_bytes=2**30, cache_bytes=2**20)) == (
        f"{said}, 1,024 MiB of memory, 0 MiB of disk and 1 MiB of cache"
    )


def test_a_run_says_what_it_will_cost_and_what_it_did(images, registry, tmp_path):
    events = run_job(small_job(images, "surgical"), registry, tmp_path / "run")
    (before,), (after,) = of_kind(events, ev.CostEstimated), of_kind(events, ev.CostMeasured)
    first_phase = events.index(of_kind(events, ev.PhaseStarted)[0])
    assert events.index(before) < first_phase < events.index(after)
    for cost in (before, after):
        assert min(cost.seconds, cost.memory_mib, cost.disk_mib) > 0
    assert after.disk_mib < 2 * before.disk_mib
    assert after.memory_mib > 50


@pytest.mark.parametrize(
    ("strategy", "settings"),
    [
        ("logistic-regression", {}),
        ("feature-extraction", {"epochs": 3}),
        ("top-stages", {"stages": 1, "epochs": 2, "head_epochs": 2}),
    ],
)
def test_what_is_kept_of_frozen_stages_is_told_before(
    images, registry, tmp_path, strategy, settings
):
    """Rows alone: headers and the names of images come to it."""
    job = small_job(images, strategy, settings, augmentation="none")
    events = run_job(job, registry, tmp_path / "run")
    (before,), (after,) = of_kind(events, ev.CostEstimated), of_kind(events, ev.CostMeasured)
    around = (after.cache_mib - before.cache_mib) * 2**20
    assert 0 < around < 4096
    again = run_job(job, registry, tmp_path / "again")
    assert of_kind(again, ev.CostMeasured)[0].cache_mib == 0


def test_the_disk_is_told_with_every_epoch_that_is_kept(images, registry, tmp_path):
    settings = {"head_epochs": 4, "epochs": 4, "patience": None, "stages": 1}
    job = small_job(images, "top-stages", settings, keep_epochs=True, keep_sample=5)
    events = run_job(job, registry, tmp_path / "run")
    (before,), (after,) = of_kind(events, ev.CostEstimated), of_kind(events, ev.CostMeasured)
    assert after.disk_mib < before.disk_mib + 0.1  # text, and the headers of files


@pytest.mark.parametrize(("neediest", "learning"), [(0, "stem"), (1, "middle"), (2, "top")])
def test_any_stage_may_be_the_one_that_is_chosen_by_measuring(registry, neediest, learning):
    classifier = tiny_classifier()
    data = DataOutline(training_images={"a": 9, "b": 9}, validation_images=4, test_images=4)
    outlines = backbone_outline(classifier.stages, 16), data
    surgical = registry.strategy("surgical")
    plan = Planned(surgical, surgical.settings(stages=1), *outlines)
    assert plan.measurable == 3
    *_, last = plan.expected(neediest)
    assert set(last.rates) == {learning, HEAD}


def test_what_is_estimated_covers_all_stages_that_may_be_chosen(
    images, registry, tmp_path, monkeypatch
):
    """Where the lowest stage learns, next to nothing is kept; where the top one does, most is."""
    monkeypatch.setitem(frozen_plan._WORTH_READING, "cpu", 0)  # also what is computed in no time

    def told(strategy, settings):
        settings = {**settings, "head_epochs": 2, "epochs": 4}
        job = small_job(images, strategy, settings, augmentation="light", views=2)
        folder = tmp_path / uuid4().hex
        folder.mkdir()
        steps = train(job, registry=registry, folder=folder, weights=None)
        found = next(event for event in steps if isinstance(event, ev.CostEstimated))
        steps.close()
        return found

    all_stages = told("named-stages", {"stages": "stem, middle, top"})
    top = told("named-stages", {"stages": "top"})
    surgical = told("surgical", {"stages": 1})
    assert surgical.cache_mib >= top.cache_mib > all_stages.cache_mib


@pytest.fixture
def told(images, registry, tmp_path):
    """What is told of a run of these phases before it begins, in whose folder there are files."""

    def of(*phases, begun=None, **training):
        def plan(settings, backbone, data):
            for phase in phases:  # noqa: UP028 - a tuple cannot be sent reports
                yield phase

        strategy = Strategy(name="planned", title="P", summary="x", settings=Nothing, plan=plan)
        more = replace(registry, strategies={"planned": strategy})
        job = small_job(images, "planned", **training)
        folder = tmp_path / uuid4().hex
        folder.mkdir()
        for name, size in (begun or {}).items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_bytes(bytes(size))
        with closing(train(job, registry=more, folder=folder, weights=None)) as steps:
            return next(event for event in steps if isinstance(event, ev.CostEstimated))

    return of


@pytest.fixture
def seconds(told, monkeypatch):
    """What a run of these phases is thought to take where every stage takes a second an image.

    That is so for eight of them; one alone may take longer.
    """

    def estimated(*phases, single=1.0, **training):
        calls = itertools.count()

        def now(_device):
            begun, several = divmod(next(calls), 4 * STAGES)
            return (single if begun else 8) * several

        monkeypatch.setattr(stages, "now", now)
        return told(*phases, **training).seconds - START_S

    return estimated


@pytest.fixture
def memory(told, monkeypatch):
    """The bytes that a run of these phases is thought to need beside engines and the program."""

    def estimated(*phases, available=2**40, **training):
        held = 100 * 2**20
        monkeypatch.setattr(psutil.Process, "memory_info", lambda _: SimpleNamespace(rss=held))
        monkeypatch.setattr(psutil, "virtual_memory", lambda: SimpleNamespace(available=available))
        return told(*phases, **training).memory_mib * 2**20 - held - 256 * 2**20

    return estimated


@pytest.fixture
def disk(told):
    """The bytes that the folder of a run of these phases is thought to take."""
    return lambda *phases, **more: told(*phases, **more).disk_mib * 2**20


TRAIN, VALIDATION, TEST, STAGES = 18, 9, 9, 5  # of the images here, and of the tiny network


def _all(epochs, **more):
    return Phase(name="x", epochs=epochs, rates={"stem": 1e-9, HEAD: 1e-9}, **more)


def test_ten_times_the_epochs_cost_ten_times_the_time(seconds):
    once = STAGES * (3 * TRAIN + VALIDATION)
    assert seconds(_all(30)) == pytest.approx(30 * once)
    assert seconds(_all(300)) == pytest.approx(300 * once)


def test_all_of_very_many_phases_are_counted(seconds):
    once = STAGES * (3 * TRAIN + VALIDATION)
    assert seconds(*[_all(1)] * 250) == pytest.approx(250 * once)


@pytest.mark.parametrize(
    ("training", "passes"),
    [
        ({"augmentation": "none"}, 1),
        ({"augmentation": "light"}, 4),
        ({"augmentation": "light", "views": 2}, 2),
    ],
)
def test_frozen_stages_cost_what_their_views_cost(seconds, training, passes):
    phase = Phase(name="x", epochs=12, rates={HEAD: 1e-9})
    backbone = (STAGES - 1) * (passes * TRAIN + VALIDATION + TEST)
    assert seconds(phase, **training) == pytest.approx(backbone + 12 * (3 * TRAIN + VALIDATION))


def test_a_solved_head_costs_its_products_for_every_strength(seconds, monkeypatch):
    ticks = itertools.count()
    monkeypatch.setattr(solving, "now", lambda _device: next(ticks))
    images = STAGES * (TRAIN + VALIDATION + TEST)
    for refit, solved in ((False, 2), (True, 3)):
        phase = SolvedHead(name="x", strengths=(1.0, 0.1), refit=refit)
        assert seconds(phase) == pytest.approx(images + solved * 60 * 1.001, rel=1e-4)


def test_of_more_images_than_are_tried_a_product_takes_longer(monkeypatch):
    ticks = itertools.count()
    monkeypatch.setattr(solving, "now", lambda _device: next(ticks))
    told = solving.solving_seconds(5120, features=3, classes=2, strengths=1, device=_PROCESSOR)
    assert told == pytest.approx(60 * 10.001, rel=1e-4)


def test_large_heads_take_longer_by_the_steps_that_they_remember(monkeypatch):
    """Sixteen earlier steps, and as many slopes, of a million numbers in double precision."""
    ticks = itertools.count()
    monkeypatch.setattr(solving, "now", lambda _device: next(ticks))
    told = solving.solving_seconds(1, features=9_999, classes=100, strengths=1, device=_PROCESSOR)
    assert told == pytest.approx(60 * (1.001 + 2 * 16 * 8e6 / 1e10), rel=1e-4)


def test_what_a_phase_before_has_kept_is_not_computed_again(seconds):
    head = Phase(name="x", epochs=12, rates={HEAD: 1e-9})
    above = Phase(name="y", epochs=2, rates={"top": 1e-9, HEAD: 1e-9})
    backbone = (STAGES - 1) * (TRAIN + VALIDATION + TEST)
    steps = (12 + 2 * 3) * (3 * TRAIN + VALIDATION)
    assert seconds(head, above, head, augmentation="none") == pytest.approx(
        backbone + steps + 12 * (3 * TRAIN + VALIDATION)
    )


def test_what_is_kept_of_images_as_they_are_does_not_serve_their_views(seconds):
    head = Phase(name="x", epochs=12, rates={HEAD: 1e-9}, augmentation="none")
    views = replace(head, augmentation="light")
    held_out = VALIDATION + TEST
    backbone = (STAGES - 1) * ((TRAIN + held_out) + (4 * TRAIN + held_out))
    assert seconds(head, views) == pytest.approx(backbone + 24 * (3 * TRAIN + VALIDATION))


def test_frozen_stages_cost_every_epoch_where_nothing_is_computed_once(seconds):
    phase = Phase(name="x", epochs=12, rates={HEAD: 1e-9})
    backbone, head = (STAGES - 1) * (TRAIN + VALIDATION), 3 * TRAIN + VALIDATION
    assert seconds(phase, mixup=0.2) == pytest.approx(12 * (backbone + head))


def test_every_step_costs_something_beside_its_images(seconds):
    """Half a second more for each stage that learns or is above one, four times a step."""
    images = 2 * STAGES * (3 * TRAIN + VALIDATION)
    for batch, steps in ((8, 3), (1, 18)):
        found = seconds(_all(2), single=1.5, batch_size=batch)
        assert found == pytest.approx(images + 2 * steps * 4 * STAGES * 0.5)


def test_averages_cost_their_own_passes(seconds):
    plain = 4 * STAGES * (3 * TRAIN + VALIDATION)
    wise = seconds(_all(4, averaging=WiSE(parts=(0.5,))))
    assert wise == pytest.approx(plain + 2 * STAGES * VALIDATION)
    late = seconds(_all(4, averaging=SWA(start=0.5), batch_norm="learning"))
    assert late == pytest.approx(plain + 2 * STAGES * TRAIN)
    assert seconds(_all(4, averaging=SWA(), batch_norm="frozen")) == pytest.approx(plain)


@pytest.mark.parametrize(("asked", "measured"), [(5, 5), (512, TRAIN)])
def test_measuring_costs_its_training_images_forward_and_backward_and_one_validation(
    seconds, asked, measured
):
    phase = MeasuredStages(name="x", images=asked)
    assert seconds(phase) == pytest.approx(STAGES * (3 * measured + VALIDATION))


def _bytes(costs, *names):
    return sum(costs[name].weight_bytes for name in names or costs)


def _step_bytes(costs, batch, *names):
    """Of all outputs of layers that a step keeps, with what the heap takes beside."""
    return 1.2 * batch * sum(costs[name].activation_bytes for name in names or costs)


PIXELS = (TRAIN + VALIDATION) * 32 * 32 * 3
FEATURES, TAPPED = 16 * 4, 16 * 8 * 8 * 2
"""What is kept of an image above the whole tiny backbone, and above its second stage."""

HEAD_ALONE = Phase(name="x", epochs=2, rates={HEAD: 1e-9}, augmentation="none")


@pytest.mark.parametrize("batch", [8, 16])
def test_memory_has_room_for_a_step_and_four_copies_of_what_learns(memory, costs, batch):
    learning = 4 * _bytes(costs, "stem", HEAD)
    expected = learning + _step_bytes(costs, batch) + PIXELS
    assert memory(_all(3), batch_size=batch) == pytest.approx(expected)
    assert memory(HEAD_ALONE, _all(3), HEAD_ALONE, batch_size=batch) == pytest.approx(expected)


def test_memory_has_room_for_what_is_kept_as_far_as_the_system_has(memory, costs):
    step = 4 * _bytes(costs, HEAD) + _step_bytes(costs, 8, HEAD)
    kept = (TRAIN + VALIDATION + TEST) * (FEATURES + TAPPED)
    assert memory(HEAD_ALONE) == pytest.approx(step + kept)
    assert memory(HEAD_ALONE, available=9000) == pytest.approx(step + 4500)


def test_a_head_without_steps_needs_memory_for_features_alone(memory):
    phase = SolvedHead(name="x", strengths=(1.0,))
    assert memory(phase) == pytest.approx((TRAIN + VALIDATION + TEST) * FEATURES)


@pytest.mark.parametrize("batch", [2, 32])
def test_measuring_needs_memory_for_the_outputs_of_all_layers(memory, costs, batch):
    """Its own sixteen images go through at once, whatever a step takes."""
    found = memory(MeasuredStages(name="x"), batch_size=batch)
    assert found == pytest.approx(_step_bytes(costs, 16))


def test_the_disk_takes_the_weights_and_two_checkpoints_of_the_phase_that_needs_most(disk, costs):
    """A checkpoint has what learns, two moments of it, and the best until then."""
    expected = _bytes(costs) + 2 * 4 * _bytes(costs, "stem", HEAD)
    assert disk(_all(3)) == pytest.approx(expected)
    assert disk(HEAD_ALONE, _all(3), HEAD_ALONE) == pytest.approx(expected)


def test_the_disk_takes_the_weights_of_all_epochs_that_are_kept(disk, costs):
    phases = (HEAD_ALONE, _all(3))
    more = disk(*phases, keep_epochs=True) - disk(*phases)
    assert more == pytest.approx((2 + 3) * _bytes(costs))


def test_the_disk_takes_what_a_run_has_from_its_beginning(disk):
    begun = {"sample.safetensors": 900, "start/best.safetensors": 70, "start/epochs/1-1.x": 5}
    more = disk(HEAD_ALONE, begun={**begun, "job.json": 3}) - disk(HEAD_ALONE)
    assert more == pytest.approx(975)


def test_what_a_run_has_cost_is_what_it_took(tmp_path, monkeypatch):
    """Files at any depth, and the most memory that the process ever had, a GPU's with it."""
    resource = pytest.importorskip("resource")
    peak = SimpleNamespace(ru_maxrss=2**30 if sys.platform == "darwin" else 2**20)
    monkeypatch.setattr(resource, "getrusage", lambda _: peak)
    monkeypatch.setattr(torch.cuda, "max_memory_reserved", lambda: 2**20)
    (tmp_path / "epochs").mkdir()
    for name in ("best.x", "epochs/1-1.x"):
        (tmp_path / name).write_bytes(bytes(2**20))
    monkeypatch.setattr(time, "monotonic", lambda: 1090.0)
    estimated = Cost(seconds=5, memory_bytes=2**20)
    measured, notice = tell_measured(estimated, 1000.0, tmp_path)
    assert (measured.seconds, measured.memory_mib, measured.disk_mib) == (90, 1025, 2)
    assert "took 2 min, 1,025 MiB of memory, 2 MiB of disk and 0 MiB of cache; " in notice.text
    assert "estimated were 5 s, 1 MiB of memory" in notice.text


class Nothing(BaseModel):
    pass


def test_a_plan_that_fails_is_not_estimated(images, registry, tmp_path):
    """It asks for a measure that only a real phase gives; the run itself gets it."""

    def plan(settings, backbone, data):
        report = yield Phase(name="x", epochs=1, rates={HEAD: 0.01})
        if report.best_loss == 0.0:
            raise ValueError
        yield Phase(name="y", epochs=1, rates={HEAD: 0.01})

    strategy = Strategy(name="planned", title="P", summary="x", settings=Nothing, plan=plan)
    more = replace(registry, strategies={"planned": strategy})
    events = run_job(small_job(images, "planned"), more, tmp_path / "run")
    assert not of_kind(events, ev.CostEstimated)
    assert len(of_kind(events, ev.PhaseEnded)) == 2


def test_a_plan_that_ends_only_without_a_gain_is_not_estimated(images, registry, tmp_path):
    def plan(settings, backbone, data):
        report = yield (phase := Phase(name="x", epochs=1, rates={HEAD: 1e-9}))
        while report.improved:
            report = yield phase

    strategy = Strategy(name="planned", title="P", summary="x", settings=Nothing, plan=plan)
    more = replace(registry, strategies={"planned": strategy})
    events = run_job(small_job(images, "planned"), more, tmp_path / "run")
    assert not of_kind(events, ev.CostEstimated)
    assert 1 <= len(of_kind(events, ev.PhaseEnded)) < 10_000
