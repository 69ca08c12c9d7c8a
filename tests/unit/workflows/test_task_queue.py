"""Shares are done again where a worker was lost or failed, and not for ever."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from defect_workbench.core.errors import Cancelled, WorkbenchError
from defect_workbench.core.images.preprocessing_steps import DEFAULT
from defect_workbench.core.progress import SilentReporter
from defect_workbench.engine.input.scan import FoundFile
from defect_workbench.engine.measurement import defects
from defect_workbench.storage.vectors.growth import GrowthMark
from defect_workbench.workflows.distributed import task_queue
from defect_workbench.workflows.distributed.dask_cluster import ClusterLostError, Outcome
from defect_workbench.workflows.distributed.task_queue import TaskQueue
from defect_workbench.workflows.distributed.worker_job import Share, WorkerJob

Answer = Callable[[Share, int], Outcome | None]
SHARES = [Share(number, (FoundFile(f"{number}.png", 1, 1),)) for number in range(5)]


class FakeTicket:
    def __init__(self, share: Share, workers: frozenset[str]) -> None:
        self.share, self.workers = share, workers


class FakeCluster:
    """Ends each task as a test says; a task never ends whose workers are all gone then."""

    def __init__(self, answer: Answer) -> None:
        self.answer, self.alive = answer, {"a", "b"}
        self.attempts: list[int] = []
        self.cancelled: list[int] = []
        self.notes: list[dict[str, object]] = []

    def submit(self, _: object, job: WorkerJob, share: Share, *, key: str, workers: set[str]) -> FakeTicket:
        self.attempts.append(share.number)
        return FakeTicket(share, frozenset(workers))

    def finished(self, tickets: list[FakeTicket], timeout: float) -> list[tuple[FakeTicket, Outcome | None]]:
        able = [each for each in tickets if each.workers & self.alive]
        if not able:
            return []
        first = able[0]
        outcome = self.answer(first.share, self.attempts.count(first.share.number))
        return [(first, outcome)] if first.workers & self.alive else []

    def cancel(self, tickets: list[FakeTicket]) -> None:
        self.cancelled += [each.share.number for each in tickets]

    def note(self, topic: str, values: dict[str, object]) -> None:
        self.notes.append(values)


class FakeRoster:
    def __init__(self, cluster: FakeCluster) -> None:
        self._cluster = cluster

    @property
    def used(self) -> dict[str, int]:
        return dict.fromkeys(self._cluster.alive, 1)

    def refresh(self, wait: float = 0.0) -> None:
        pass


def queue_of(cluster: FakeCluster, folder: Path, reporter: SilentReporter | None = None) -> TaskQueue:
    job = WorkerJob("0a1b2c3d", 7, folder, folder, folder, DEFAULT, None, defects.IDENTITY)
    mark = GrowthMark(folder, job.run)
    roster = FakeRoster(cluster)
    return TaskQueue(cluster, roster, job, mark, reporter or SilentReporter())  # type: ignore[arg-type]


def run(queue: TaskQueue) -> list[int]:
    done: list[int] = []
    queue.run("extract-images", lambda job, share: None, SHARES, lambda share, _: done.append(share.number))
    return done


def test_a_share_whose_result_was_lost_or_that_failed_is_done_again(tmp_path: Path) -> None:
    def answer(share: Share, attempt: int) -> Outcome | None:
        if attempt > 1 or share.number > 1:
            return Outcome(share.number)
        return None if share.number else Outcome(error=OSError("stale handle"))

    cluster = FakeCluster(answer)
    assert sorted(run(queue_of(cluster, tmp_path))) == [0, 1, 2, 3, 4]
    assert sorted(cluster.attempts) == [0, 0, 1, 1, 2, 3, 4]
    assert [note["failed"] for note in cluster.notes if "failed" in note] == ["stale handle"]


@pytest.mark.parametrize(
    ("outcome", "words"),
    [
        (Outcome(error=WorkbenchError("the disk is full")), "the disk is full"),
        (Outcome(error=ValueError("odd")), r"failed to describe 2\.png \(ValueError: odd\)"),
        (Outcome(error=RuntimeError("dead"), killed_workers=True), r"several workers died.* 2\.png"),
        (Outcome(error=Cancelled()), "do not see the mark"),
    ],
)
def test_a_share_that_fails_again_and_again_ends_the_run(
    tmp_path: Path, outcome: Outcome, words: str
) -> None:
    cluster = FakeCluster(lambda share, _: outcome if share.number == 2 else Outcome())
    queue = queue_of(cluster, tmp_path)
    with pytest.raises(WorkbenchError, match=words):
        run(queue)
    assert cluster.attempts.count(2) == (1 if outcome.killed_workers else 3)


def test_shares_of_workers_that_are_all_lost_go_to_those_that_join(tmp_path: Path) -> None:
    def answer(share: Share, _: int) -> Outcome:
        if share.number == 0:
            cluster.alive = {"c"}
        return Outcome()

    cluster = FakeCluster(answer)
    assert sorted(run(queue_of(cluster, tmp_path))) == [0, 1, 2, 3, 4]
    assert cluster.cancelled == [0, 1, 2, 3]


def test_a_share_that_kills_all_workers_again_and_again_ends_the_run(tmp_path: Path) -> None:
    def answer(share: Share, _: int) -> Outcome:
        if share.number == 2:
            cluster.alive = {f"restarted {len(cluster.attempts)}"}
        return Outcome()

    cluster = FakeCluster(answer)
    with pytest.raises(WorkbenchError, match=r"several workers died.* 2\.png"):
        run(queue_of(cluster, tmp_path))


def test_a_run_without_workers_ends_after_a_while(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(task_queue, "_NO_WORKER_SECONDS", -1.0)
    cluster = FakeCluster(lambda *_: Outcome())
    cluster.alive = set()
    with pytest.raises(WorkbenchError, match="all workers of the Dask cluster were lost"):
        run(queue_of(cluster, tmp_path))


def test_cancelling_lets_running_tasks_end_and_a_lost_scheduler_does_not_hide_it(tmp_path: Path) -> None:
    class Stopping(SilentReporter):
        def check(self) -> None:
            if cluster.attempts:
                raise Cancelled

    def lost(tickets: list[FakeTicket], timeout: float) -> list[tuple[FakeTicket, Outcome | None]]:
        raise ClusterLostError("gone")

    for broken, cancelled in ((False, []), (True, [1, 2, 3])):
        cluster = FakeCluster(lambda *_: Outcome())
        queue = queue_of(cluster, tmp_path, Stopping())
        with pytest.raises(Cancelled):
            run(queue)
        assert cluster.attempts == [0, 1, 2, 3]
        if broken:
            cluster.finished = lost  # type: ignore[method-assign]
        queue.end()
        assert cluster.cancelled == cancelled
