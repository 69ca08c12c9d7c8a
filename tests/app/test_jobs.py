import threading
from collections.abc import Iterator

import pytest
from pytestqt.qtbot import QtBot

from defect_workbench.app.jobs.runner import JobReporter, JobRunner, Progress, ResultOnDisk
from defect_workbench.core.errors import WorkbenchError


@pytest.fixture
def jobs(qtbot: QtBot) -> Iterator[JobRunner]:
    runner = JobRunner()
    yield runner
    runner.close()


def test_result_arrives_on_the_gui_thread(jobs: JobRunner, qtbot: QtBot) -> None:
    threads: list[int] = []

    def work(reporter: JobReporter) -> int:
        threads.append(threading.get_ident())
        return 7

    jobs.done.connect(lambda _: threads.append(threading.get_ident()))
    with qtbot.waitSignal(jobs.done) as blocker:
        jobs.run(work)
    assert blocker.args == [7]
    assert threads[0] != threading.get_ident() == threads[1]
    assert not jobs.busy


def test_progress_is_reported_at_most_twenty_times_a_second(jobs: JobRunner, qtbot: QtBot) -> None:
    told: list[Progress] = []
    jobs.progress.connect(told.append)

    def work(reporter: JobReporter) -> None:
        reporter.stage("Counting", 100_000)
        for _ in range(100_000):
            reporter.advance()

    with qtbot.waitSignal(jobs.done):
        jobs.run(work)
    assert told[0].done == 0
    assert told[-1].done == 100_000
    assert len(told) < 60


def test_cancel_stops_at_the_next_check(jobs: JobRunner, qtbot: QtBot) -> None:
    begun = threading.Event()

    def work(reporter: JobReporter) -> None:
        begun.set()
        while True:
            reporter.stop.wait()
            reporter.check()

    with qtbot.waitSignal(jobs.cancelled):
        jobs.run(work)
        assert begun.wait(5)
        jobs.cancel()
    assert not jobs.busy


def test_a_cancel_after_the_write_does_not_deny_it(jobs: JobRunner, qtbot: QtBot) -> None:
    class Written(ResultOnDisk):
        pass

    def work(reporter: JobReporter) -> Written:
        reporter.stop.wait(5)
        return Written()

    with qtbot.waitSignal(jobs.done):
        jobs.run(work)
        jobs.cancel()
    assert not jobs.busy


def test_late_result_of_a_replaced_job_is_dropped(jobs: JobRunner, qtbot: QtBot) -> None:
    results: list[object] = []
    jobs.done.connect(results.append)
    jobs.cancelled.connect(lambda: results.append("cancelled"))
    go = threading.Event()

    def slow(reporter: JobReporter) -> str:
        go.wait(5)
        return "old"

    jobs.run(slow)
    with qtbot.waitSignal(jobs.done):
        jobs.run(lambda reporter: "new")
        go.set()
    assert results == ["new"]


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (WorkbenchError("the lid is off"), "the lid is off"),
        (
            ZeroDivisionError("x"),
            (
                "unexpected error at the step “Painting” (ZeroDivisionError: x). Try again; if it happens "
                "again, report it with the text from Help › Copy details for a bug report"
            ),
        ),
        (
            OSError(28, "No space left on device"),
            "the job stopped at the step “Painting”: the disk is full; free some space",
        ),
        (MemoryError(), "there is not enough memory at the step “Painting”"),
    ],
)
def test_faults_become_a_sentence(jobs: JobRunner, qtbot: QtBot, error: Exception, words: str) -> None:
    def work(reporter: JobReporter) -> None:
        reporter.stage("Painting", None)
        raise error

    with qtbot.waitSignal(jobs.failed) as blocker:
        jobs.run(work)
    assert blocker.args is not None
    assert words in blocker.args[0]
