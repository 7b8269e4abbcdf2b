from __future__ import annotations

import pytest
from contenders import clock
from contenders.clock import Clock


@pytest.fixture
def now(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The time that the clock reads: the first element."""
    time = [0.0]
    monkeypatch.setattr(clock.time, "perf_counter", lambda: time[0])
    return time


def test_all_epochs_within_the_budget_are_simply_timed(now: list[float]) -> None:
    watch = Clock(epochs=3, budget_s=100)
    for seconds in (10.0, 30.0, 50.0):
        now[0] = seconds
        assert watch.epoch_done()
    now[0] = 55
    assert watch.epoch_seconds == [10, 20, 20]
    assert watch.total_seconds() == 55


def test_what_would_not_fit_is_extrapolated_from_the_last_epoch(now: list[float]) -> None:
    watch = Clock(epochs=10, budget_s=100)
    now[0] = 40
    assert watch.epoch_done()
    now[0] = 60
    assert not watch.epoch_done()
    assert watch.stopped
    now[0] = 65
    assert watch.total_seconds() == 65 + 8 * 20


def test_the_last_epoch_is_never_left_out(now: list[float]) -> None:
    watch = Clock(epochs=2, budget_s=1)
    now[0] = 5
    assert watch.epoch_done()
    now[0] = 10
    assert watch.epoch_done()
    assert watch.total_seconds() == 10
