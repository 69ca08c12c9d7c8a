from __future__ import annotations

from collections.abc import Iterator
from threading import Barrier

import pytest
from hypothesis import given
from hypothesis import strategies as st

from defect_workbench.core.ordered_threads import in_order


@given(st.lists(st.integers(), max_size=40), st.integers(1, 9), st.integers(1, 4))
def test_results_come_in_the_order_of_the_items(items: list[int], ahead: int, workers: int) -> None:
    assert list(in_order(lambda item: item * 2, items, ahead, workers=workers)) == [2 * i for i in items]


def test_items_are_read_only_a_little_ahead() -> None:
    read = []

    def items() -> Iterator[int]:
        for number in range(100):
            read.append(number)
            yield number

    results = in_order(str, items(), 5, workers=2)
    assert next(results) == "0"
    assert len(read) <= 6
    results.close()


def test_workers_run_at_once() -> None:
    both = Barrier(2, timeout=20)
    assert len(list(in_order(lambda _: both.wait(), range(2), 2, workers=2))) == 2


def test_an_error_reaches_the_caller_after_the_earlier_results() -> None:
    results = in_order(lambda item: 1 // item, [1, 0, 1], 3, workers=2)
    assert next(results) == 1
    with pytest.raises(ZeroDivisionError):
        next(results)
