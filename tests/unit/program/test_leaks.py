"""Threads and timers that a test leaves behind fail it."""

import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from PySide6.QtCore import QObject, QThread, QTimer
from pytestqt.qtbot import QtBot

from defect_workbench.app.jobs.runner import JobRunner
from tests.leaks import no_leaked_threads_or_timers

HERE = "test_leaks.py"


def test_a_job_thread_left_running_fails_with_the_place_that_started_it(
    monkeypatch: pytest.MonkeyPatch, qtbot: QtBot
) -> None:
    with (
        pytest.raises(
            pytest.fail.Exception, match=r"QThread started at[\s\S]*runner = JobRunner\(\)"
        ) as failure,
        no_leaked_threads_or_timers(monkeypatch),
    ):
        runner = JobRunner()
    assert HERE in str(failure.value)
    assert "runner = JobRunner()" in str(failure.value)
    runner.close()


def test_a_timer_left_running_fails_with_the_place_that_started_it(
    monkeypatch: pytest.MonkeyPatch, qtbot: QtBot
) -> None:
    timer = QTimer()
    with (
        pytest.raises(
            pytest.fail.Exception, match=r"QTimer started at[\s\S]*timer\.start\(10_000\)"
        ) as failure,
        no_leaked_threads_or_timers(monkeypatch),
    ):
        timer.start(10_000)
    assert HERE in str(failure.value)
    assert "timer.start(10_000)" in str(failure.value)
    timer.stop()


@pytest.mark.parametrize("pool", ["decode", "thumbnails"])
def test_a_pool_left_running_fails_with_its_name(monkeypatch: pytest.MonkeyPatch, pool: str) -> None:
    executor = ThreadPoolExecutor(1, thread_name_prefix=pool)
    with (
        pytest.raises(pytest.fail.Exception, match=f"thread {pool}"),
        no_leaked_threads_or_timers(monkeypatch),
    ):
        executor.submit(time.monotonic).result()
    executor.shutdown()


def test_what_has_ended_or_has_an_owner_is_no_leak(monkeypatch: pytest.MonkeyPatch, qtbot: QtBot) -> None:
    with no_leaked_threads_or_timers(monkeypatch):
        JobRunner().close()
        thread = QThread()
        thread.start()
        thread.quit()
        thread.wait()
        owner = QObject()
        QTimer(owner).start(10_000)
        with ThreadPoolExecutor(1, thread_name_prefix="decode") as executor:
            executor.submit(time.monotonic).result()
    del owner
