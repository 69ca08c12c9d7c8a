"""The workers of a cluster: which may take part in a run, and why others may not."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from defect_workbench.core.errors import Remedy, WorkbenchError
from defect_workbench.core.progress import Reporter
from defect_workbench.core.text import and_more
from defect_workbench.engine.extraction.machine_identity import MachineIdentity, machine_differences
from defect_workbench.engine.input.scan import FoundFile
from defect_workbench.workflows.distributed.dask_cluster import DaskCluster, Outcome, Ticket
from defect_workbench.workflows.distributed.worker_job import WorkerJob, WorkerReport
from defect_workbench.workflows.distributed.worker_tasks import look_around

# How long to wait for the first worker, and for the answers of those that are there.
_FIRST_WORKER_SECONDS = 10.0
_ANSWER_SECONDS = 60.0
_SECONDS_BETWEEN_LOOKS = 1.0
_MOST_NAMED = 4


class State(StrEnum):
    """Whether a worker takes part in a run."""

    CHECKING = "checking"
    USED = "used"
    REFUSED = "refused"
    LOST = "lost"


@dataclass
class ClusterWorker:
    """A worker of the cluster.

    Attributes
    ----------
    why : str
        Why it is refused; empty otherwise.
    images : int
        How many images it has described.
    """

    address: str
    threads: int
    state: State = State.CHECKING
    report: WorkerReport | None = None
    why: str = ""
    remedy: Remedy | None = None
    images: int = 0

    @property
    def label(self) -> str:
        """Its address and the name of its machine."""
        return self.address if self.report is None else f"{self.address} on {self.report.host}"


class Roster:
    """Checks each worker before it gets images, also those that join later.

    Parameters
    ----------
    samples : sequence of FoundFile
        Some images of the folder, for workers to find.
    here : MachineIdentity
        Of this machine, which the workers have to equal.
    allow_mixed : bool
        Accept workers whose vectors may differ in the last bits.
    """

    def __init__(
        self,
        cluster: DaskCluster,
        job: WorkerJob,
        samples: Sequence[FoundFile],
        here: MachineIdentity,
        allow_mixed: bool,
        reporter: Reporter,
    ) -> None:
        self._cluster, self._job, self._samples = cluster, job, tuple(samples)
        self._here, self._allow_mixed, self._reporter = here, allow_mixed, reporter
        self._workers: dict[str, ClusterWorker] = {}
        self._checks: dict[str, Ticket] = {}
        self._former: list[ClusterWorker] = []
        self._looked = float("-inf")
        self._begun, self._number = False, 0

    @property
    def workers(self) -> list[ClusterWorker]:
        """All workers that were seen, in the order of their addresses."""
        return sorted([*self._former, *self._workers.values()], key=lambda worker: worker.address)

    @property
    def used(self) -> dict[str, int]:
        """The number of threads of each worker that may be given work."""
        return {w.address: w.threads for w in self._workers.values() if w.state is State.USED}

    def begin(self) -> None:
        """Check the workers that are connected, and wait for their answers.

        Raises
        ------
        WorkbenchError
            If there is no worker, one lacks something, or all are refused.
        """
        self._reporter.stage("Checking the workers", None)
        started = time.monotonic()
        while True:
            self._reporter.check()
            self.refresh(wait=0.2)
            waited = time.monotonic() - started
            states = [worker.state for worker in self._workers.values()]
            if not states:
                if waited > _FIRST_WORKER_SECONDS:
                    raise WorkbenchError("the Dask cluster has no workers", Remedy.START_WORKERS)
            elif State.CHECKING not in states or (State.USED in states and waited > _ANSWER_SECONDS):
                break
        self._begun = True
        self._raise_if_lacking()
        refused = [worker for worker in self._workers.values() if worker.state is State.REFUSED]
        if not self.used:
            first = refused[0]
            raise WorkbenchError(f"no worker can be used: {first.label}: {first.why}", first.remedy)
        for worker in refused:
            self._warn(worker)

    def refresh(self, wait: float = 0.0) -> None:
        """Look for workers that came or went, and for answers, for at most a time in s."""
        now = time.monotonic()
        if now - self._looked >= _SECONDS_BETWEEN_LOOKS:
            self._looked = now
            self.look()
        if not self._checks:
            if wait:
                time.sleep(wait)
            return
        by_ticket = {id(ticket): address for address, ticket in self._checks.items()}
        for ticket, outcome in self._cluster.finished(list(self._checks.values()), wait):
            address = by_ticket[id(ticket)]
            del self._checks[address]
            if outcome is None:
                self._check(address)
            else:
                self._judge(self._workers[address], outcome)

    def credit(self, host: str, pid: int, images: int) -> None:
        """Count images that a process has described."""
        for worker in self.workers:
            if worker.report is not None and (worker.report.host, worker.report.pid) == (host, pid):
                worker.images += images
                return

    def cancel(self) -> None:
        """Drop the checks that are not answered."""
        self._cluster.cancel(list(self._checks.values()))
        self._checks = {}

    def look(self) -> None:
        """Look for workers that came or went."""
        threads = self._cluster.threads()
        for address in sorted(set(self._workers) - set(threads)):
            worker = self._workers.pop(address)
            if address in self._checks:
                self._cluster.cancel([self._checks.pop(address)])
            if worker.state is State.USED:
                worker.state = State.LOST
                self._reporter.warn(f"the worker {worker.label} was lost; its unfinished work is done again")
                self._former.append(worker)
        for address in sorted(set(threads) - set(self._workers)):
            self._workers[address] = ClusterWorker(address, threads[address])
            self._check(address)

    def _check(self, address: str) -> None:
        self._number += 1
        key = f"check-worker-{self._job.run}-{self._number}"
        self._checks[address] = self._cluster.submit(
            look_around, self._job, self._samples, key=key, workers=[address]
        )

    def _judge(self, worker: ClusterWorker, outcome: Outcome) -> None:
        """Accept or refuse a worker."""
        report = outcome.value
        if outcome.error is not None or not isinstance(report, WorkerReport):
            reason = f"{type(outcome.error).__name__}: {outcome.error}".splitlines()[0][:160]
            worker.why = (
                f"it cannot run this version of the program ({reason}); install the same version there"
            )
        else:
            worker.report = report
            self._compare(worker, report)
        worker.state = State.REFUSED if worker.why else State.USED
        if worker.why and self._begun:
            self._warn(worker)

    def _compare(self, worker: ClusterWorker, report: WorkerReport) -> None:
        if report.lacking:
            worker.why = f"it {'; it '.join(report.lacking)}"
            return
        differences = machine_differences(report.identity, self._here)
        if differences.of_features:
            worker.why = "; ".join(differences.of_features)
        elif differences.of_bits and self._allow_mixed:
            self._reporter.warn(
                f"vectors of the worker {worker.label} may differ in the last bits: "
                f"{'; '.join(differences.of_bits)}"
            )
        elif differences.of_bits:
            worker.why, worker.remedy = "; ".join(differences.of_bits), Remedy.ALLOW_MIXED_WORKERS

    def _warn(self, worker: ClusterWorker) -> None:
        self._reporter.warn(f"the worker {worker.label} is not used: {worker.why}", worker.remedy)

    def _raise_if_lacking(self) -> None:
        """Raise an error that names the workers that lack a folder, the store or the weights."""
        by_phrase: dict[str, list[str]] = {}
        for worker in self._workers.values():
            for phrase in worker.report.lacking if worker.report is not None else ():
                by_phrase.setdefault(phrase, []).append(worker.label)
        for phrase, labels in by_phrase.items():
            noun = "worker" if len(labels) == 1 else "workers"
            remedy = Remedy.WEIGHTS_ON_WORKERS if phrase.startswith("has no weights") else None
            advice = "" if remedy else "; folder and store need the same path on all workers"
            raise WorkbenchError(
                f"the {noun} {and_more(labels, _MOST_NAMED)} {_agreeing(phrase, len(labels))}{advice}", remedy
            )


def _agreeing(phrase: str, count: int) -> str:
    """Return a phrase about one worker as one about several."""
    first, _, rest = phrase.partition(" ")
    plural = {"has": "have", "sees": "see"}
    return phrase if count == 1 else f"{plural.get(first, first)} {rest}"
