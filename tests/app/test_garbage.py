"""Full searches for garbage happen after jobs."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Iterator

import pytest
from pytestqt.qtbot import QtBot

from defect_workbench.app.garbage import search_after_jobs
from defect_workbench.app.jobs.runner import JobReporter, JobRunner


class Cycle:
    """Refers to itself, so that only a search frees it."""

    def __init__(self) -> None:
        self.itself = self


@pytest.fixture
def held() -> Iterator[None]:
    """As in the window; undone afterwards."""
    usual = gc.get_threshold()
    search_after_jobs()
    yield
    gc.set_threshold(*usual)
    gc.unfreeze()


def test_cycles_are_freed_after_a_job_and_old_ones_not_before(qtbot: QtBot, held: None) -> None:
    cycle = Cycle()
    gone = weakref.ref(cycle)
    gc.collect()  # now it is old
    del cycle
    during: list[bool] = []

    def job(reporter: JobReporter) -> None:
        assert len([[number] for number in range(200_000)]) == 200_000
        during.append(gone() is not None)

    runner = JobRunner()
    with qtbot.waitSignal(runner.done, timeout=20_000):
        runner.run(job)
    runner.close()
    assert during == [True]
    assert gone() is None
