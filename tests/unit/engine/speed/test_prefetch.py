from __future__ import annotations

import threading

import pytest
import torch

from graftwork.engine.speed.prefetch import prepared, to_device

_CPU, _GPU = torch.device("cpu"), torch.device("cuda")


@pytest.mark.parametrize("device", [_CPU, _GPU])
@pytest.mark.parametrize("count", [0, 1, 5])
def test_everything_comes_in_order(device, count):
    assert list(prepared(lambda key: key * 10, range(count), device)) == [
        key * 10 for key in range(count)
    ]


def test_on_a_processor_nothing_is_made_before_it_is_due():
    made = []
    coming = prepared(made.append, range(3), _CPU)
    next(coming)
    assert made == [0]


def test_for_a_gpu_the_next_is_made_while_this_one_is_used():
    second = threading.Event()
    coming = prepared(lambda key: second.set() if key == 1 else None, range(3), _GPU)
    next(coming)
    assert second.wait(10)


@pytest.mark.parametrize("device", [_CPU, _GPU])
def test_an_error_comes_in_its_place(device):
    coming = prepared(lambda key: 1 / (1 - key), range(3), device)
    assert next(coming) == 1
    with pytest.raises(ZeroDivisionError):
        next(coming)


def test_closing_leaves_no_thread_behind():
    before = threading.active_count()
    coming = prepared(lambda key: key, range(9), _GPU)
    next(coming)
    coming.close()
    assert threading.active_count() == before


def test_on_a_processor_a_batch_stays_where_it_is():
    batch = torch.zeros(2)
    assert to_device(batch, _CPU) is batch
