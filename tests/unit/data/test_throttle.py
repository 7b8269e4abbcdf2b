from __future__ import annotations

import time

import pytest

from graftwork.data.throttle import Throttle


def test_it_is_due_at_once_and_then_once_an_interval(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 0.0  # as just after the machine's start
    monkeypatch.setattr(time, "monotonic", lambda: now)
    throttle = Throttle(0.5)
    due = []
    for now in (0.0, 0.4, 0.5, 0.6, 0.9, 3.0, 3.1, 3.5):  # noqa: B007
        due.append(throttle.due())
    assert due == [True, False, True, False, False, True, False, True]


def test_without_an_interval_it_is_always_due() -> None:
    throttle = Throttle(0)
    assert all(throttle.due() for _ in range(5))


def test_the_interval_grows_with_the_work_to_the_slowest(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 0.0
    monkeypatch.setattr(time, "monotonic", lambda: now)
    throttle = Throttle(0.05, slowest=2)
    reported = []
    for tick in range(24 * 3600 * 4):
        now = tick / 4
        if throttle.due():
            reported.append(now)
    gaps = {hour: _gap(reported, hour * 3600) for hour in (0, 1 / 6, 1, 23)}
    assert gaps == {0: 0.25, 1 / 6: 0.75, 1: 2.0, 23: 2.0}
    assert len(reported) < 50_000


def _gap(reported: list[float], after: float) -> float:
    first, second = [at for at in reported if at >= after][:2]
    return second - first
