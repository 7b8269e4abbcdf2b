from __future__ import annotations

import os
import threading
from collections.abc import Generator

import pytest

from graftwork.data.parallel import finished, in_order, usable_processors


def image_threads() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name.startswith("images")]


def test_results_come_in_order_and_all() -> None:
    assert list(in_order(lambda number: number * 2, range(500))) == [n * 2 for n in range(500)]
    assert not image_threads()


def test_no_more_is_begun_than_is_soon_wanted() -> None:
    begun: list[int] = []
    results = in_order(begun.append, range(10_000))
    next(results)
    assert len(begun) < 1000
    results.close()
    assert len(begun) < 1000
    assert not image_threads()


def test_an_error_reaches_the_caller_and_ends_the_threads() -> None:
    with pytest.raises(ZeroDivisionError):
        list(in_order(lambda number: 1 // (5 - number), range(100)))
    assert not image_threads()


def test_each_thread_starts_once() -> None:
    started: list[str] = []
    names = set(
        in_order(
            lambda _: threading.current_thread().name,
            range(50),
            start=lambda: started.append(threading.current_thread().name),
        )
    )
    assert names <= set(started)
    assert len(started) == len(set(started))


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="Linux can tie a process down")
def test_a_process_that_may_use_one_processor_has_one_thread() -> None:
    allowed = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(allowed)})
    try:
        names = set(in_order(lambda _: threading.current_thread().name, range(50)))
        assert (usable_processors(), len(names)) == (1, 1)
    finally:
        os.sched_setaffinity(0, allowed)
    assert usable_processors() == len(allowed)


def test_finished_gives_what_the_steps_return() -> None:
    done: list[int] = []

    def steps() -> Generator[int, None, str]:
        for number in range(3):
            yield number
            done.append(number)
        return "made"

    assert finished(steps()) == "made"
    assert done == [0, 1, 2]
