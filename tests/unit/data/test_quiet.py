from __future__ import annotations

import threading
import warnings

import pytest

from graftwork.data.quiet import quiet_libraries


def test_warnings_are_ignored_inside_alone() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with quiet_libraries():
            warnings.warn("nobody hears this", UserWarning, stacklevel=1)
        with pytest.raises(UserWarning):
            warnings.warn("but this", UserWarning, stacklevel=1)


def test_threads_that_overlap_put_back_the_state_before() -> None:
    before = list(warnings.filters)
    first_is_in, second_is_in, first_is_out = (threading.Event() for _ in range(3))

    def first() -> None:
        with quiet_libraries():
            first_is_in.set()
            second_is_in.wait(10)
        first_is_out.set()

    thread = threading.Thread(target=first)
    thread.start()
    first_is_in.wait(10)
    with quiet_libraries():
        second_is_in.set()
        first_is_out.wait(10)
        warnings.warn("still quiet", UserWarning, stacklevel=1)
    thread.join()
    assert list(warnings.filters) == before


def test_an_error_inside_ends_the_silence() -> None:
    before = list(warnings.filters)
    with pytest.raises(ZeroDivisionError), quiet_libraries():
        raise ZeroDivisionError
    assert list(warnings.filters) == before
