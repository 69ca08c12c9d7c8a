"""Eigenvectors by LAPACK without the interpreter lock."""

from __future__ import annotations

import logging
import threading
import time

import numpy as np
import pytest
from scipy.linalg import eigh

from defect_workbench.engine.linear_algebra import eigenvectors
from defect_workbench.engine.linear_algebra.eigenvectors import largest_eigenpairs


def gram(size: int, rank: int) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    """Return a positive semidefinite matrix."""
    rows = np.random.RandomState(size).standard_normal((size, rank))
    product: np.ndarray[tuple[int, ...], np.dtype[np.float64]] = rows @ rows.T
    return product


@pytest.mark.parametrize(("size", "rank", "count"), [(1, 1, 1), (7, 9, 3), (60, 5, 60), (200, 220, 20)])
def test_the_pairs_are_those_of_scipy_to_the_last_bit(size: int, rank: int, count: int) -> None:
    matrix = gram(size, rank)
    before = matrix.copy()
    expected = eigh(matrix, subset_by_index=(size - count, size - 1))
    found = largest_eigenpairs(matrix, count)
    assert np.array_equal(found[0], expected[0])
    assert np.array_equal(found[1], expected[1])
    assert np.array_equal(matrix, before)


def longest_gap_share(matrix: np.ndarray[tuple[int, ...], np.dtype[np.float64]]) -> float:
    """Return the longest time that another thread waits during a call, as a share of the call's duration."""
    ticks, done = [time.perf_counter()], threading.Event()

    def tick() -> None:
        while not done.is_set():
            time.sleep(0)
            ticks.append(time.perf_counter())

    other = threading.Thread(target=tick)
    other.start()
    while len(ticks) < 3:
        time.sleep(0.001)
    started = time.perf_counter()
    largest_eigenpairs(matrix, 100)
    ended = time.perf_counter()
    done.set()
    other.join()
    return float(np.diff([started, *(tick for tick in ticks if tick >= started)]).max()) / (ended - started)


def test_other_threads_run_meanwhile(caplog: pytest.LogCaptureFixture) -> None:
    matrix = gram(600, 600)
    with caplog.at_level(logging.WARNING):
        # On a busy machine, the other thread may also wait for a core.
        assert min(longest_gap_share(matrix) for _ in range(4)) < 0.5
    assert not caplog.records


def test_values_that_are_not_finite_are_refused() -> None:
    matrix = gram(5, 5)
    matrix[2, 2] = np.nan
    with pytest.raises(np.linalg.LinAlgError, match="not finite"):
        largest_eigenpairs(matrix, 2)


def test_a_scipy_without_the_routine_gives_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    matrix = gram(20, 20)
    expected = largest_eigenpairs(matrix, 4)
    monkeypatch.setattr(eigenvectors, "_routine", lambda: None)
    found = largest_eigenpairs(matrix, 4)
    assert np.array_equal(found[0], expected[0])
    assert np.array_equal(found[1], expected[1])
