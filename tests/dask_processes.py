"""A Dask cluster of real processes, and what a feature store holds."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pyarrow.parquet as pq

Rows = dict[str, tuple[object, ...]]


class ClusterProcesses:
    """A scheduler and workers on ports that the system chooses, without dashboards."""

    def __init__(self, folder: Path, protocol: str, environment: dict[str, str]) -> None:
        self._folder, self._environment = folder, {**os.environ, **environment}
        self._processes: list[subprocess.Popen[str]] = []
        scheduler = self._start("dask_scheduler", "--port", "0", "--protocol", protocol)
        self._wait_for(scheduler, "Scheduler at:")
        self.address = re.findall(r"Scheduler at: *(\S+)\n", self._log(0).read_text(encoding="utf-8"))[0]

    def add_worker(self, *options: str, **environment: str) -> subprocess.Popen[str]:
        """Start a worker and return its process, when the scheduler knows it."""
        limits = ("--nthreads", "1", "--memory-limit", "0", "--local-directory", self._folder / "scratch")
        arguments = (self.address, "--no-nanny", *limits, *options)
        worker = self._start("dask_worker", *arguments, **environment)
        self._wait_for(worker, "Registered to:")
        return worker

    def stop(self, process: subprocess.Popen[str]) -> None:
        """Kill a process of the cluster, as a power failure does."""
        process.kill()
        process.wait()

    def close(self) -> None:
        for process in self._processes:
            self.stop(process)

    def _start(self, module: str, *arguments: str | Path, **environment: str) -> subprocess.Popen[str]:
        command = [sys.executable, "-m", f"distributed.cli.{module}", "--no-dashboard", *map(str, arguments)]
        log = self._log(len(self._processes))
        with log.open("w", encoding="utf-8") as stream:
            process = subprocess.Popen(
                command, stdout=stream, stderr=stream, env={**self._environment, **environment}, text=True
            )
        self._processes.append(process)
        return process

    def _log(self, number: int) -> Path:
        return self._folder / f"process-{number}.log"

    def _wait_for(self, process: subprocess.Popen[str], words: str) -> None:
        log = self._log(self._processes.index(process))
        deadline = time.monotonic() + 120
        while not re.search(rf"{words}.*\n", text := log.read_text(encoding="utf-8")):
            assert process.poll() is None, text
            assert time.monotonic() < deadline, text
            time.sleep(0.05)


@contextmanager
def dask_cluster(folder: Path, protocol: str = "tcp", **environment: str) -> Iterator[ClusterProcesses]:
    """Start a scheduler; stop it and all workers at the end."""
    folder.mkdir(parents=True, exist_ok=True)
    cluster = ClusterProcesses(folder, protocol, environment)
    try:
        yield cluster
    finally:
        cluster.close()


def stored_rows(store: Path) -> dict[str, Rows]:
    """Return the rows of each block by content hash, vectors as bytes; fail if one is there twice."""
    blocks: dict[str, Rows] = {}
    for folder in sorted(path.parent for path in store.glob("*-*/identity.json")):
        rows: Rows = {}
        for part in sorted(folder.glob("part-*.parquet")):
            table = pq.read_table(part)
            names = [name for name in table.column_names if name != "sha256"]
            for row in range(table.num_rows):
                values = [table.column(name)[row] for name in names]
                sha256 = table.column("sha256")[row].as_py()
                assert sha256 not in rows, f"{sha256} is in {folder.name} twice"
                rows[sha256] = tuple(
                    value.values.to_numpy(zero_copy_only=False).tobytes()
                    if name == "values"
                    else value.as_py()
                    for name, value in zip(names, values, strict=True)
                )
        blocks[folder.name] = rows
    return blocks
