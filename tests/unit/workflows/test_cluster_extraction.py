"""Shares of an extraction, the check of workers, and what is said if a cluster cannot be used."""

from __future__ import annotations

import os
import socket
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from defect_workbench.core.errors import Cancelled, InputError, WorkbenchError
from defect_workbench.core.images.image_records import FileStamp
from defect_workbench.core.images.preprocessing_steps import DEFAULT, Preprocessing
from defect_workbench.core.progress import SilentReporter
from defect_workbench.engine.extraction.machine_identity import (
    MachineIdentity,
    machine_differences,
    machine_identity,
    processor_of,
)
from defect_workbench.engine.features.registry import BLOCKS
from defect_workbench.engine.input.scan import FoundFile, scan
from defect_workbench.engine.measurement import defects
from defect_workbench.storage.vectors.feature_store import FeatureStore
from defect_workbench.storage.vectors.growth import Growth, GrowthMark, mark_path
from defect_workbench.workflows.distributed import roster, worker_tasks
from defect_workbench.workflows.distributed.dask_cluster import Outcome, check_address
from defect_workbench.workflows.distributed.roster import Roster, State
from defect_workbench.workflows.distributed.worker_job import Share, WorkerJob, WorkerReport
from defect_workbench.workflows.extract import FeatureOptions, extract_folder
from defect_workbench.workflows.klarf.image_listing import ImageSource
from defect_workbench.workflows.open_project import OpenRequest, open_project
from tests.builders import made_lot
from tests.dask_processes import stored_rows
from tests.processes import Command

INTEL = "vendor_id\t: GenuineIntel\ncpu family\t: 6\nmodel\t\t: 143\nmodel name\t: Xeon Gold\nflags\t: sse\n"


def job_of(folder: Path, store: Path) -> tuple[WorkerJob, GrowthMark]:
    job = WorkerJob("0a1b2c3d", 7, folder, store, folder / "none", DEFAULT, None, defects.IDENTITY)
    FeatureStore(store).mark()
    mark = GrowthMark(store, job.run)
    mark.write(Growth(str(folder), 12, None, DEFAULT.identity()))
    return job, mark


def share_of(folder: Path, count: int | None = None) -> Share:
    files = scan(folder, SilentReporter()).files[:count]
    return Share(0, tuple(replace(file, inode=-1) for file in files), (None,) * len(files))


def stamp_of(file: FoundFile, sha256: str) -> FileStamp:
    return FileStamp(file.size, file.mtime_ns, sha256, file.changed_ns, file.inode)


def extracted_alone(lot: Path, store: Path) -> dict[str, dict[str, tuple[object, ...]]]:
    extract_folder(ImageSource(lot), FeatureOptions(store, lot / "none", offline=True), SilentReporter())
    return stored_rows(store)


def test_a_share_that_is_done_twice_leaves_each_vector_once(tmp_path: Path) -> None:
    """A worker whose connection broke still writes, while another one does its share again."""
    lot, store = made_lot(tmp_path / "lot"), tmp_path / "store"
    job, _ = job_of(lot, store)
    share = share_of(lot)
    described = worker_tasks.describe_images(job, share)
    assert described.computed == len(described.contents) == 12
    hidden = {path: path.read_bytes() for path in store.rglob("part-*.parquet")}
    for path in hidden:
        path.unlink()
    assert worker_tasks.describe_images(job, share).computed == 12
    assert {path: path.read_bytes() for path in store.rglob("part-*.parquet")} == hidden
    assert stored_rows(store) == extracted_alone(lot, tmp_path / "alone")


def test_what_a_killed_worker_had_written_is_not_computed_again(tmp_path: Path) -> None:
    lot, store = made_lot(tmp_path / "lot"), tmp_path / "store"
    job, _ = job_of(lot, store)
    share = share_of(lot)
    worker_tasks.describe_images(job, share)
    for kind in ("image", "measured"):  # written last
        for part in store.glob(f"{kind}-*/part-*"):
            part.unlink()
    before = {path: path.stat().st_mtime_ns for path in store.rglob("part-*")}
    worker_tasks.describe_images(job, share)
    assert {path: path.stat().st_mtime_ns for path in before} == before
    assert stored_rows(store) == extracted_alone(lot, tmp_path / "alone")


def test_a_worker_writes_nothing_for_a_run_that_was_stopped(tmp_path: Path) -> None:
    lot, store = made_lot(tmp_path / "lot"), tmp_path / "store"
    job, mark = job_of(lot, store)
    mark.remove()
    with pytest.raises(Cancelled):
        worker_tasks.describe_images(job, share_of(lot))
    assert not list(store.rglob("part-*"))


def test_a_worker_says_what_it_cannot_see(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lot, store = made_lot(tmp_path / "lot"), tmp_path / "store"
    job, mark = job_of(lot, store)
    files = scan(lot, SilentReporter()).files
    assert worker_tasks.look_around(job, files).lacking == ()
    made_lot(tmp_path / "other", 3, (8, 8))
    moved = replace(job, root=tmp_path / "other")
    assert worker_tasks.look_around(moved, files).lacking == (
        f"sees another folder at {tmp_path / 'other'}, without the same images",
    )
    gone = replace(job, root=tmp_path / "gone")
    assert worker_tasks.look_around(gone, files).lacking == (f"cannot see the folder {tmp_path / 'gone'}",)
    mark.remove()
    assert worker_tasks.look_around(job, files).lacking == (f"cannot see the feature store {store}",)


class FakeCluster:
    """Workers that report what a test says."""

    def __init__(self, reports: dict[str, WorkerReport | Exception]) -> None:
        self.reports = reports

    def threads(self) -> dict[str, int]:
        return dict.fromkeys(self.reports, 1)

    def submit(self, *_: object, key: str, workers: list[str]) -> str:
        return workers[0]

    def finished(self, tickets: list[str], timeout: float) -> list[tuple[str, Outcome]]:
        reports = ((address, self.reports[address]) for address in tickets)
        return [
            (address, Outcome(error=each) if isinstance(each, Exception) else Outcome(each))
            for address, each in reports
        ]

    def cancel(self, tickets: list[str]) -> None:
        pass


def checked_roster(
    tmp_path: Path, reports: dict[str, WorkerReport | Exception], allow_mixed: bool = False
) -> tuple[Roster, SilentReporter, FakeCluster]:
    reporter, cluster = SilentReporter(), FakeCluster(reports)
    job = WorkerJob("0a1b2c3d", 7, tmp_path, tmp_path, tmp_path, DEFAULT, None, defects.IDENTITY)
    here = machine_identity(DEFAULT, None)
    return Roster(cluster, job, (), here, allow_mixed, reporter), reporter, cluster  # type: ignore[arg-type]


def report(host: str = "b", lacking: tuple[str, ...] = (), **changes: object) -> WorkerReport:
    identity: MachineIdentity = replace(machine_identity(DEFAULT, None), **changes)  # type: ignore[arg-type]
    return WorkerReport(host, 1, lacking, identity)


def test_workers_that_differ_are_named_with_the_difference_and_the_others_are_used(tmp_path: Path) -> None:
    reports: dict[str, WorkerReport | Exception] = {
        "tcp://a:1": report(),
        "tcp://b:1": report(processor="Xeon"),
        "tcp://c:1": ModuleNotFoundError("No module named 'defect_workbench'"),
        "tcp://d:1": report(features={"haralick": {"extractor": "v0"}}),
    }
    workers, reporter, cluster = checked_roster(tmp_path, reports)
    workers.begin()
    assert workers.used == {"tcp://a:1": 1}
    assert [each.state for each in workers.workers] == [State.USED, *[State.REFUSED] * 3]
    assert "the worker tcp://b:1 on b is not used: its processor is Xeon, not " in reporter.warnings[0]
    assert "install the same version" in reporter.warnings[1]
    assert "in another way" in reporter.warnings[2]
    cluster.reports["tcp://e:1"] = report(processor="Xeon")
    del cluster.reports["tcp://a:1"]
    workers._looked = float("-inf")
    workers.refresh()
    assert not workers.used
    assert [text.split()[2] for text in reporter.warnings[3:]] == ["tcp://a:1", "tcp://e:1"]


def test_mixed_workers_are_used_if_allowed_but_not_for_other_features(tmp_path: Path) -> None:
    reports: dict[str, WorkerReport | Exception] = {
        "tcp://b:1": report(processor="Xeon"),
        "tcp://d:1": report(features={}),
    }
    workers, reporter, _ = checked_roster(tmp_path, reports, allow_mixed=True)
    workers.begin()
    assert workers.used == {"tcp://b:1": 1}
    assert "tcp://b:1 on b may differ in the last bits: its processor is Xeon, not " in reporter.warnings[0]


def test_workers_that_lack_a_folder_end_the_run_with_their_names(tmp_path: Path) -> None:
    lacking = ("cannot see the folder /data",)
    workers, _, _ = checked_roster(
        tmp_path,
        {"tcp://a:1": report(), "tcp://b:1": report("b", lacking), "tcp://c:1": report("c", lacking)},
    )
    with pytest.raises(
        WorkbenchError, match=r"^the workers tcp://b:1 on b, tcp://c:1 on c cannot see the folder"
    ):
        workers.begin()


def test_a_cluster_without_workers_is_reported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(roster, "_FIRST_WORKER_SECONDS", -1.0)
    workers, _, _ = checked_roster(tmp_path, {})
    with pytest.raises(WorkbenchError, match="has no workers"):
        workers.begin()


def test_machines_are_compared_by_what_changes_the_bits() -> None:
    assert processor_of(INTEL + "\nprocessor: 1\n" + INTEL) == "Xeon Gold (GenuineIntel 6 143)"
    here = machine_identity(DEFAULT, None)
    assert machine_differences(here, here).of_bits == ()
    other = replace(here, versions={**here.versions, "numpy": "1.0"}, precision="bf16")
    assert machine_differences(other, here).of_bits == (
        "its fastest precision is bf16, not ",
        f"its version of numpy is 1.0, not {here.versions['numpy']}",
    )
    rescaled = machine_identity(Preprocessing(rescale_nm=2.0), None)
    affected = ", ".join(sorted(block.name for block in BLOCKS if block.function and block.of_whole_image))
    assert machine_differences(rescaled, here).of_features == (f"it computes {affected} in another way",)


@pytest.mark.parametrize(
    "address", ["", "nonsense", "tcp://host", "host:port", "host:0", "host:70000", "http://host:80", "a b:1"]
)
def test_a_wrong_address_is_refused(address: str) -> None:
    with pytest.raises(InputError, match="not the address of a Dask scheduler"):
        check_address(address)


def test_addresses_of_schedulers_are_understood() -> None:
    assert check_address("tls://node-1.example:8786") == ("node-1.example", 8786)
    assert check_address("[::1]:8786") == ("::1", 8786)


def test_without_the_extra_the_command_names_it(
    command: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "dask", None)
    done = command("extract", made_lot(tmp_path / "lot"), "--store", tmp_path / "s", "--scheduler", "a:1")
    assert done.returncode == 1
    assert "pip install 'defect-workbench[cluster]'" in done.stderr.splitlines()[-1]
    assert not (tmp_path / "s").exists()


@contextmanager
def answering(reply: bytes) -> Iterator[int]:
    """A server that is no scheduler."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            for _ in range(2):
                connection, _ = server.accept()
                with connection:
                    connection.sendall(reply)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield server.getsockname()[1]
        thread.join(10)


def test_what_does_not_answer_or_is_not_a_scheduler_is_reported_within_seconds(
    command: Command, tmp_path: Path
) -> None:
    pytest.importorskip("distributed", reason="the extra “cluster” is not installed")
    arguments = ("extract", made_lot(tmp_path / "lot"), "--store", tmp_path / "s", "--scheduler")
    with socket.create_server(("127.0.0.1", 0)) as server:
        free = server.getsockname()[1]
    with answering(b"HTTP/1.0 400 Bad Request\r\n\r\n") as used:
        for port in (free, used):
            done = command(*arguments, f"127.0.0.1:{port}")
            assert done.returncode == 1
            assert f"127.0.0.1:{port}" in done.stderr.splitlines()[-1]
            assert "scheduler" in done.stderr.splitlines()[-1]
            assert "Traceback" not in done.stderr
    assert command(*arguments[:-1], "--allow-mixed-workers").returncode == 2


def test_a_store_that_another_run_fills_opens_with_what_is_complete(tmp_path: Path) -> None:
    lot, store = made_lot(tmp_path / "lot", 20), tmp_path / "store"
    options = FeatureOptions(store, tmp_path / "none", offline=True)
    files = scan(lot, SilentReporter()).files
    job, mark = job_of(lot, store)
    with pytest.raises(InputError, match="none is complete"):
        open_project(OpenRequest(store, options), SilentReporter())

    worker_tasks.describe_images(job, share_of(lot, 12))
    contents = worker_tasks.read_contents(job, share_of(lot)).sha256s
    stamps = {file.path: stamp_of(file, str(sha256)) for file, sha256 in zip(files, contents, strict=True)}
    FeatureStore(store).remember_files(lot, stamps)
    reporter = SilentReporter()
    assert len(open_project(OpenRequest(store, options), reporter).project.images) == 12
    assert any("12 of 12 images are complete" in warning for warning in reporter.warnings)

    mark_time = mark_path(store, job.run).stat().st_mtime - 3600
    os.utime(mark_path(store, job.run), (mark_time, mark_time))
    reporter = SilentReporter()
    assert len(open_project(OpenRequest(store, options), reporter).project.images) == 20
    assert not any("still being computed" in warning for warning in reporter.warnings)
    mark.remove()
