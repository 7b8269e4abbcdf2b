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
