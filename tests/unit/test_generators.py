from __future__ import annotations

from collections.abc import Generator

import pytest

from graftwork.generators import mapped
from support.generators import drain


def counting(ended: list[str]) -> Generator[int, None, str]:
    try:
        yield 1
        yield 2
        return "all"
    finally:
        ended.append("ended")


def test_each_step_is_told_and_what_they_return_is_returned() -> None:
    assert drain(mapped(counting([]), str)) == (["1", "2"], "all")


def test_what_is_left_in_the_midst_is_ended() -> None:
    ended: list[str] = []
    steps = mapped(counting(ended), str)
    next(steps)
    steps.close()
    assert ended == ["ended"]


def test_a_telling_that_fails_ends_the_steps() -> None:
    ended: list[str] = []
    with pytest.raises(ZeroDivisionError):
        drain(mapped(counting(ended), lambda step: 1 / (step - 1)))
    assert ended == ["ended"]
