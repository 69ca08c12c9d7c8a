"""Give shares of work to the workers of a cluster, again if a worker is lost or fails."""

from __future__ import annotations

import logging
import time
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any

from defect_workbench.core.errors import Cancelled, Remedy, WorkbenchError
from defect_workbench.core.progress import Reporter
from defect_workbench.core.text import and_more
from defect_workbench.storage.vectors.growth import GrowthMark
from defect_workbench.workflows.distributed.dask_cluster import ClusterLostError, DaskCluster, Outcome, Ticket
from defect_workbench.workflows.distributed.roster import Roster
from defect_workbench.workflows.distributed.worker_job import Share, WorkerJob

log = logging.getLogger(__name__)

# Each thread has a share in work and one in reserve: those in reserve cannot be given to workers that join.
_SHARES_PER_THREAD = 2
_ATTEMPTS = 3
# As many as Dask allows a task by default.
_LOSSES = 3
_POLL_SECONDS = 0.3
_SECONDS_BETWEEN_NOTES = 2.0
_NO_WORKER_SECONDS = 60.0
_ENDING_SECONDS = 15.0
_TOPIC = "defect-workbench"


class TaskQueue:
    """Runs tasks on the workers that a roster accepts.

    Parameters
    ----------
    mark : GrowthMark
        Renewed while tasks run.
    """

    def __init__(
        self, cluster: DaskCluster, roster: Roster, job: WorkerJob, mark: GrowthMark, reporter: Reporter
    ) -> None:
        self._cluster, self._roster, self._job = cluster, roster, job
        self._mark, self._reporter = mark, reporter
        self._running: dict[int, tuple[Ticket, Share]] = {}
        self._losses: dict[int, int] = {}
        self._number = 0
        self._with_workers = self._noted = time.monotonic()

    def run(
        self,
        name: str,
        function: Callable[[WorkerJob, Share], Any],
        shares: Sequence[Share],
        done: Callable[[Share, Any], None],
    ) -> None:
        """Run a function on each share; `done` gets the results as they come.

        Parameters
        ----------
        name : str
            Shown on the dashboard.

        Raises
        ------
        Cancelled
            If the user cancelled.
        WorkbenchError
            If a share failed several times, or no worker is left.
        """
        waiting, failures, finished = deque(shares), dict[int, int](), 0
        while waiting or self._running:
            self._reporter.check()
            self._mark.renew()
            self._roster.refresh()
            waiting.extendleft(self._stranded())
            self._submit(name, function, waiting)
            for ticket, outcome in self._ended():
                _, share = self._running.pop(id(ticket))
                if outcome is None:
                    self._count_loss(share)
                    waiting.appendleft(share)
                elif outcome.error is None:
                    finished += 1
                    done(share, outcome.value)
                else:
                    failures[share.number] = failures.get(share.number, 0) + 1
                    self._note({"task": name, "share": share.number, "failed": str(outcome.error)[:300]})
                    self._check_failure(share, outcome, failures[share.number])
                    waiting.append(share)
            self._note_progress(name, finished, len(shares))

    def end(self) -> None:
        """Let the tasks that run end, which they do soon when the mark is gone; cancel the others."""
        deadline = time.monotonic() + _ENDING_SECONDS
        used = self._roster.used
        while self._running and time.monotonic() < deadline:
            alive = [each for each, _ in self._running.values() if each.workers & used.keys()]
            if not alive:
                break
            try:
                ended = self._cluster.finished(alive, _POLL_SECONDS)
            except ClusterLostError:
                break
            for ticket, _ in ended:
                del self._running[id(ticket)]
        self._cluster.cancel([ticket for ticket, _ in self._running.values()])
        self._running = {}

    def _submit(self, name: str, function: Callable[[WorkerJob, Share], Any], waiting: deque[Share]) -> None:
        used = self._roster.used
        self._check_workers(bool(used))
        room = _SHARES_PER_THREAD * sum(used.values()) - len(self._running)
        for _ in range(min(room, len(waiting))):
            share = waiting.popleft()
            self._number += 1
            key = f"{name}-{self._job.run}-{share.number:06d}-{self._number}"
            ticket = self._cluster.submit(function, self._job, share, key=key, workers=used)
            self._running[id(ticket)] = (ticket, share)

    def _stranded(self) -> list[Share]:
        """Take back the shares whose workers are all lost."""
        used = self._roster.used.keys()
        stranded = [(ticket, share) for ticket, share in self._running.values() if not ticket.workers & used]
        self._cluster.cancel([ticket for ticket, _ in stranded])
        for ticket, share in stranded:
            del self._running[id(ticket)]
            self._count_loss(share)
        return [share for _, share in reversed(stranded)]

    def _count_loss(self, share: Share) -> None:
        """Count that the workers of a share were lost; raise an error if that happens again and again."""
        self._losses[share.number] = self._losses.get(share.number, 0) + 1
        if self._losses[share.number] > _LOSSES:
            raise _deadly(share)

    def _check_workers(self, any_used: bool) -> None:
        now = time.monotonic()
        if any_used:
            self._with_workers = now
        elif now - self._with_workers > _NO_WORKER_SECONDS:
            raise WorkbenchError(
                "all workers of the Dask cluster were lost; what they finished is in the feature store",
                Remedy.CONTINUE,
            )

    def _check_failure(self, share: Share, outcome: Outcome, count: int) -> None:
        """Raise an error if a share should not be tried again."""
        if outcome.killed_workers:
            raise _deadly(share)
        log.warning("share %d failed: %s", share.number, outcome.error)
        if count < _ATTEMPTS:
            return
        if isinstance(outcome.error, Cancelled):
            raise WorkbenchError(f"the workers do not see the mark of this run in {self._job.store} any more")
        if isinstance(outcome.error, WorkbenchError):
            raise outcome.error
        reason = (str(outcome.error).splitlines() or [""])[0][:200]
        raise WorkbenchError(
            f"workers failed to describe {_names(share)} ({type(outcome.error).__name__}: {reason})"
        )

    def _ended(self) -> list[tuple[Ticket, Outcome | None]]:
        """Return the tasks that ended, after a moment at most."""
        if not self._running:
            self._roster.refresh(_POLL_SECONDS)
            return []
        return self._cluster.finished([ticket for ticket, _ in self._running.values()], _POLL_SECONDS)

    def _note_progress(self, name: str, finished: int, total: int) -> None:
        if time.monotonic() - self._noted >= _SECONDS_BETWEEN_NOTES or finished == total:
            self._noted = time.monotonic()
            self._note({"task": name, "finished": finished, "of": total})

    def _note(self, values: dict[str, Any]) -> None:
        self._cluster.note(_TOPIC, {"run": self._job.run, "folder": str(self._job.root), **values})


def _deadly(share: Share) -> WorkbenchError:
    return WorkbenchError(
        f"several workers died, one after another, while they described {_names(share)}; they may lack "
        "memory, or one of these files may crash its decoder"
    )


def _names(share: Share) -> str:
    return and_more([file.path for file in share.files], 3)
