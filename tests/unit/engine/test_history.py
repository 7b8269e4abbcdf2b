from __future__ import annotations

import pytest

from graftwork.engine import events as ev
from graftwork.engine import history as history_module
from graftwork.engine.history import RunHistory
from support.events import epoch_done, phase_started, step_done


def _step(epoch, step, phase=1):
    return step_done(phase=phase, epoch=epoch, step=step, loss=1.0 / epoch)


def _epoch(epoch, *, best, phase=1):
    return epoch_done(phase=phase, epoch=epoch, best=best)


ALL = [
    ev.RunStarted(
        backbone="b", strategy="s", device="cpu", device_name="c", threads=2,
        processes=1, graftwork_version="0", torch_version="2",
    ),
    ev.Progress(what="Decoding images", done=1, total=2),
    ev.ProblemFound(path="a.jpg", reason="truncated"),
    ev.Notice(level="warning", text="few images"),
    ev.DataReady(classes=("ä", "b"), train=4, validation=2, test=2, data_fingerprint="f"),
    phase_started(),
    _step(1, 1),
    _step(1, 2),
    ev.LoadSampled(seconds=1.5, cpu_percent=50.0, memory_mib=100.0),
    _epoch(1, best=True),
    _step(2, 1),
    _step(2, 2),
    _epoch(2, best=False),
    ev.PhaseEnded(phase=1, epochs_run=2, best_epoch=1, best_accuracy=0.5, reason="done"),
    ev.RunEnded(phase=1, epoch=1, score=0.5, seconds=3.0),
]  # fmt: skip


@pytest.fixture
def history():
    folded = RunHistory()
    for event in ALL:
        folded.apply(event)
    return folded


def test_a_mixture_is_kept_until_an_epoch_is_better(history):
    mixed = ev.WeightsMixed(
        phase=1, part=0.5, validation_loss=0.1, validation_brier=0.1, validation_accuracy=0.9,
        score=-0.1,
    )  # fmt: skip
    assert history.mixed is None
    history.apply(mixed)
    history.apply(_epoch(1, best=False, phase=2))
    assert history.mixed == mixed == ev.event_from_json(ev.event_to_json(mixed))
    history.apply(_epoch(2, best=True, phase=2))
    assert history.mixed is None


def test_every_event_finds_its_place(history):
    assert history.started == ALL[0]
    assert history.problems == [ALL[2]]
    assert history.notices == [ALL[3]]
    assert history.data == ALL[4]
    assert history.phases == [ALL[5]]
    assert history.loads == [ALL[8]]
    assert history.phase_ends == [ALL[-2]]
    assert history.ended == ALL[-1]


def test_steps_stand_on_the_axis_of_epochs(history):
    assert history.step_positions == [0.5, 1.0, 1.5, 2.0]
    assert history.epoch_positions == [1.0, 2.0]
    assert history.step_rates["head"] == [(p, 0.1) for p in history.step_positions]


def test_steps_of_days_stay_few_and_lie_evenly_from_the_first_to_the_last(monkeypatch):
    monkeypatch.setattr(history_module, "MOST_SAMPLES", 100)
    history = RunHistory()
    history.apply(phase_started())
    for epoch in range(1, 1001):
        for step in (1, 2):
            history.apply(_step(epoch, step))
            assert len(history.step_positions) <= 101
            assert history.epochs_in_phase == epoch - 1 + step / 2
        history.apply(_epoch(epoch, best=False))
    series = (history.step_positions, history.step_losses, history.step_speeds)
    assert {len(each) for each in (*series, history.step_rates["head"])} == {len(series[0])}
    assert [at for at, _ in history.step_rates["head"]] == history.step_positions
    assert history.step_positions == [0.5 + 16 * number for number in range(63)]


def test_samples_of_the_load_stay_few_and_lie_evenly(monkeypatch):
    monkeypatch.setattr(history_module, "MOST_SAMPLES", 100)
    history = RunHistory()
    for number in range(1000):
        history.apply(ev.LoadSampled(seconds=number, cpu_percent=number, memory_mib=100.0))
        assert len(history.loads) == len(history.load_seconds) <= 100
    assert history.load_seconds == list(range(0, 1000, 16))
    assert [load.cpu_percent for load in history.loads] == history.load_seconds


def test_a_process_that_goes_on_counts_from_the_last_sample_though_it_was_not_kept(monkeypatch):
    monkeypatch.setattr(history_module, "MOST_SAMPLES", 2)
    history = RunHistory()
    for samples in (range(1, 7), (1,)):
        history.apply(ALL[0])
        for seconds in samples:
            history.apply(ev.LoadSampled(seconds=seconds, cpu_percent=1, memory_mib=1))
    assert history.seconds_at_work == 7


def test_the_load_goes_on_where_the_process_before_ended():
    history = RunHistory()
    for samples in ((1, 2), (3, 4), (1,)):
        history.apply(ALL[0])  # the run is started, or goes on
        for seconds in samples:
            history.apply(ev.LoadSampled(seconds=seconds, cpu_percent=1, memory_mib=1))
    assert history.load_seconds == [1, 2, 5, 6, 7]


def test_the_best_epoch_is_remembered(history):
    assert history.best == ALL[9]


@pytest.mark.parametrize("event", [phase_started(), _step(1, 1), _epoch(1, best=True)])
def test_progress_is_over_when_training_goes_on(event):
    history = RunHistory()
    history.apply(phase_started())
    history.apply(ev.Progress(what="Validating", done=1, total=2))
    assert history.progress is not None
    history.apply(event)
    assert history.progress is None


def test_the_part_of_the_phase_that_is_done_counts_steps_and_epochs_once():
    history = RunHistory()
    seen = [history.fraction_of_phase]
    for event in (phase_started(), _step(1, 1), _step(1, 2), _epoch(1, best=True), _step(2, 1)):
        history.apply(event)
        seen.append(history.fraction_of_phase)
    assert seen == [0.0, 0.0, 0.125, 0.25, 0.25, 0.375]


def test_a_phase_is_on_between_its_two_events(history):
    assert not history.in_phase
    history.apply(phase_started(phase=2))
    assert history.in_phase


def test_a_second_phase_starts_from_zero(history):
    history.apply(phase_started(phase=2))
    assert history.fraction_of_phase == 0.0
    history.apply(_step(1, 1, phase=2))
    assert history.fraction_of_phase == 0.125


@pytest.mark.parametrize("event", ALL, ids=lambda e: e.kind)
def test_events_survive_json(event):
    assert ev.event_from_json(ev.event_to_json(event)) == event


@pytest.mark.parametrize("loss", [float("inf"), float("nan")])
def test_numbers_that_json_does_not_know_survive_too(loss):
    event = _step(1, 1).model_copy(update={"loss": loss})
    back = ev.event_from_json(ev.event_to_json(event))
    assert back.loss == pytest.approx(loss, nan_ok=True)
