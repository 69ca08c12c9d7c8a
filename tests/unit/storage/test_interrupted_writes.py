"""What must never go wrong: kills, full disks, folders that change. Each fault is really caused."""

import csv
import hashlib
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from defect_workbench.core.errors import WorkbenchError
from defect_workbench.core.images.image_records import ImageSet
from defect_workbench.core.progress import SilentReporter
from defect_workbench.core.project.project_state import Project
from defect_workbench.engine.backbone.pretrained import WeightsLibrary
from defect_workbench.engine.extraction.extractor import Extraction, extract
from defect_workbench.engine.input.file_reading import CHANGED
from defect_workbench.engine.input.scan import scan
from defect_workbench.engine.input.thumbnail import thumbnail
from defect_workbench.storage.files.atomic import write_text
from defect_workbench.storage.files.staging import STAGE, recover
from defect_workbench.storage.report.project_report import ReportInputs
from defect_workbench.storage.result import result_folder as exporting
from defect_workbench.storage.result.receipt import changed_files, read_receipt, undo_export
from defect_workbench.storage.result.result_folder import Mode, export
from defect_workbench.storage.session.session_file import load_session, save_session
from defect_workbench.storage.session.session_lock import SessionLock
from defect_workbench.storage.vectors.feature_store import FeatureStore
from defect_workbench.user_dirs import UserDirs
from tests.builders import made_project, picture
from tests.conftest import KILLED_EVERY
from tests.unit.storage.exports import do_export

pytestmark = [
    # It forks often, which is slow once a worker has grown.
    pytest.mark.long,
    pytest.mark.skipif(os.name != "posix", reason="kills and pipes as POSIX has them"),
]


def rehashed(project: Project) -> Project:
    """The project with the hashes its files have now."""
    root = project.images.root
    images = tuple(
        replace(image, sha256=hashlib.sha256((root / image.path).read_bytes()).hexdigest())
        for image in project.images.images
    )
    return replace(project, images=ImageSet(root, images, ()))


def killed_at(calls: int, functions: tuple[str, ...], work: Callable[[], object]) -> bool:
    """Run work in a process of its own that is killed just before one of its calls to the system.

    Parameters
    ----------
    calls : int
        Which call to one of `functions` (of `os`) it does not live to make.

    Returns
    -------
    bool
        Whether it was killed; else it had fewer calls to make, and ended well.
    """
    child = os.fork()
    if child == 0:
        left = calls

        def deadly(real: Callable[..., object]) -> Callable[..., object]:
            def call(*args: object, **options: object) -> object:
                nonlocal left
                left -= 1
                if left < 0:
                    os.kill(os.getpid(), signal.SIGKILL)
                return real(*args, **options)

            return call

        for name in functions:
            setattr(os, name, deadly(getattr(os, name)))
        try:
            work()
        except BaseException:
            os._exit(3)
        os._exit(0)
    status = os.waitpid(child, 0)[1]
    assert os.WIFSIGNALED(status) or os.WEXITSTATUS(status) == 0
    return os.WIFSIGNALED(status)


WRITING = ("replace", "rename", "fsync", "mkdir")


@pytest.fixture
def plain_reports(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two small files for the report: drawing it a hundred times would take minutes."""

    def write(folder: Path, tail: str, *rest: object) -> None:
        write_text(folder / f"report{tail}.html", "report")
        write_text(folder / f"report{tail}.pdf", "report")

    monkeypatch.setattr(exporting, "write_reports", write)


def visible(folder: Path) -> set[str]:
    return {p.name for p in folder.iterdir() if not p.name.startswith(".")}


def test_session_killed_while_saving_is_the_old_one_or_the_new_one(tmp_path: Path) -> None:
    old = made_project(tmp_path / "lot")
    new = replace(old, clusters=2)
    path = tmp_path / "s.dwb"
    save_session(tmp_path / "old.dwb", old)
    save_session(tmp_path / "new.dwb", new)
    contents = {(tmp_path / name).read_bytes() for name in ("old.dwb", "new.dwb")}
    seen = set()
    for calls in range(20):
        shutil.copy(tmp_path / "old.dwb", path)
        killed = killed_at(calls, WRITING, lambda: save_session(path, new))
        assert path.read_bytes() in contents
        seen.add(load_session(path).clusters)
        if not killed:
            break
    else:
        pytest.fail("never ended")
    assert seen == {old.clusters, 2}


@pytest.mark.e2e
@pytest.mark.parametrize("there", [False, True])
def test_export_killed_anywhere_leaves_nothing_or_all(
    tmp_path: Path, there: bool, plain_reports: None
) -> None:
    project = made_project(tmp_path / "lot", (4, 3))
    do_export(project, tmp_path / "whole")
    wanted = (tmp_path / "whole" / "manifest.csv").read_bytes()
    out = tmp_path / "out"
    ends: set[str] = set()
    for calls in range(0, 120, KILLED_EVERY):
        shutil.rmtree(out, ignore_errors=True)
        if there:
            out.mkdir()
        killed = killed_at(calls, WRITING, lambda: do_export(project, out))
        if (out / "manifest.csv").exists():
            # The manifest goes last: what it lists is there.
            assert changed_files(out, read_receipt(out), SilentReporter()) == []
        if out.exists():
            recover(out)
        ends.add(", ".join(sorted(visible(out))) if out.exists() else "")
        if (out / "manifest.csv").exists():
            assert (out / "manifest.csv").read_bytes() == wanted
            assert changed_files(out, read_receipt(out), SilentReporter()) == []
            assert not (out / STAGE).exists()
        if not killed:
            break
    else:
        pytest.fail("never ended")
    assert len(ends) == 2, ends
    # The next export clears away what the killed ones had begun.
    do_export(project, tmp_path / "other" / "out")
    shutil.rmtree(out)
    do_export(project, out)
    assert sorted(p.name for p in tmp_path.iterdir() if p.name != "home") == ["lot", "other", "out", "whole"]


@pytest.mark.e2e
def test_adding_killed_anywhere_adds_nothing_or_all(tmp_path: Path, plain_reports: None) -> None:
    do_export(made_project(tmp_path / "lot", (4, 3)), tmp_path / "first")
    more = made_project(tmp_path / "more", (4, 3, 3))
    out = tmp_path / "out"
    sizes = set()
    for calls in range(0, 150, KILLED_EVERY):
        shutil.rmtree(out, ignore_errors=True)
        shutil.copytree(tmp_path / "first", out)
        killed = killed_at(calls, WRITING, lambda: do_export(more, out, add=True))
        for row in csv.DictReader((out / "manifest.csv").read_text().splitlines()):
            assert (out / row["exported_as"]).is_file()
        recover(out)
        assert changed_files(out, read_receipt(out), SilentReporter()) == []
        assert undo_export(out, SilentReporter(), dry_run=True).foreign == ()
        sizes.add(len((out / "manifest.csv").read_text().splitlines()) - 1)
        if not killed:
            break
    else:
        pytest.fail("never ended")
    assert sizes == {7, 10}


@pytest.mark.e2e
def test_store_killed_while_written_has_whole_parts_only(tmp_path: Path) -> None:
    vectors = np.random.default_rng(0).random((6, 4), np.float32)

    def work() -> None:
        block = FeatureStore(tmp_path / "s").block("deep", {"net": "a"})
        block.append_vectors(["a", "b", "c"], vectors[:3])
        block.append_vectors(["d", "e", "f"], vectors[3:])

    seen = set()
    for calls in range(60):
        shutil.rmtree(tmp_path / "s", ignore_errors=True)
        killed = killed_at(calls, WRITING, work)
        block = FeatureStore(tmp_path / "s").block("deep", {"net": "a"})
        known = "".join(name for name in "abcdef" if name in block)
        seen.add(known)
        if known:
            np.testing.assert_array_equal(block.vectors(list(known)), vectors[: len(known)])
        # And it can be gone on with.
        work()
        if not killed:
            break
    else:
        pytest.fail("never ended")
    assert seen == {"", "abc", "abcdef"}


def test_drafts_that_a_kill_left_long_ago_are_cleared_away_and_nothing_else_is(tmp_path: Path) -> None:
    project = made_project(tmp_path / "lot")
    names = [
        ".s.dwb-abcdefgh.dwb.part",
        ".s.dwb-newdraft.dwb.part",
        ".other-abcdefgh.dwb.part",
        "s.part",
        ".s.dwb-x.dwb.part",
        # Somebody's own, though it looks alike.
        ".s.dwb-20261123.part",
    ]
    for name in names:
        (tmp_path / name).write_bytes(b"")
        if "new" not in name:
            os.utime(tmp_path / name, (0, 0))
    save_session(tmp_path / "s.dwb", project)
    assert {p.name for p in tmp_path.iterdir()} == {"lot", "s.dwb", *names[1:]}


def test_two_exports_into_one_folder_do_not_mix(tmp_path: Path) -> None:
    project = made_project(tmp_path / "lot")
    out = tmp_path / "out"
    out.mkdir()

    class Second(SilentReporter):
        said = ""

        def stage(self, title: str, total: int | None) -> None:
            if title == "Writing images":
                with pytest.raises(WorkbenchError) as refused:
                    do_export(project, out)
                self.said = str(refused.value)

    reporter = Second()
    export(project, out, Mode.COPY, ReportInputs({}, thumbnail), reporter)
    assert "another export" in reporter.said
    assert (out / "manifest.csv").is_file()


# The folder changes under the work


class Doing(SilentReporter):
    """Does something when a stage begins."""

    def __init__(self, title: str, action: Callable[[], object]) -> None:
        super().__init__()
        self._title, self._action = title, action

    def stage(self, title: str, total: int | None) -> None:
        if title == self._title:
            self._action()


def run(folder: Path, places: UserDirs, reporter: SilentReporter) -> Extraction:
    library = WeightsLibrary(places.weights / "none")
    return extract(scan(folder, reporter), FeatureStore(places.store), library, reporter, offline=True)


@pytest.fixture
def lot(tmp_path: Path) -> Path:
    (tmp_path / "lot").mkdir()
    for index in range(12):
        picture(index).save(tmp_path / "lot" / f"{index:02d}.png")
    return tmp_path / "lot"


def test_files_that_change_between_scan_and_read_are_refused_and_used_the_next_time(
    lot: Path, places: UserDirs
) -> None:
    def change() -> None:
        picture(99).save(lot / "03.png")
        (lot / "04.png").unlink()
        os.mkfifo(lot / "05.pipe")
        os.replace(lot / "05.pipe", lot / "05.png")
        (lot / "06.png").write_bytes((lot / "06.png").read_bytes()[:50])
        (lot / "07.png").unlink()
        (lot / "07.png").mkdir()

    found = run(lot, places, Doing("Extracting features", change))
    assert {r.path: r.reason for r in found.images.rejected} == {
        "03.png": CHANGED,
        "04.png": "it cannot be read: No such file or directory",
        "05.png": "not a regular file",
        "06.png": CHANGED,
        "07.png": "not a regular file",
    }
    assert len(found.images) == 7
    again = run(lot, places, SilentReporter())
    assert {r.path for r in again.images.rejected} == {"05.png", "06.png"}
    assert again.images.images[3].path == "03.png"


@pytest.mark.e2e
def test_a_folder_that_vanishes_stops_the_work_with_a_reason_and_what_was_computed_is_kept(
    lot: Path, places: UserDirs
) -> None:
    class Vanish(SilentReporter):
        done = -1000

        def stage(self, title: str, total: int | None) -> None:
            if title == "Extracting features":
                self.done = 0

        def advance(self, steps: int = 1) -> None:
            self.done += steps
            if 0 < self.done <= 32 and lot.exists():
                lot.rename(lot.with_name("elsewhere"))

    for index in range(12, 300):
        picture(index).save(lot / f"{index:03d}.png")
    with pytest.raises(WorkbenchError, match="can no longer be read"):
        run(lot, places, Vanish())
    lot.with_name("elsewhere").rename(lot)
    again = run(lot, places, SilentReporter())
    assert len(again.images) == 300
    assert again.computed < 300


def test_a_pipe_in_the_folder_does_not_hang_export_nor_thumbnails(lot: Path) -> None:
    os.mkfifo(lot / "pipe.png")
    assert thumbnail(lot / "pipe.png", 32) is None


# Two windows on one session


def test_the_second_to_open_a_session_learns_who_has_it(tmp_path: Path) -> None:
    session, link = tmp_path / "s.dwb", tmp_path / "same.dwb"
    session.write_bytes(b"x")
    link.symlink_to(session)
    first, second = SessionLock(session, tmp_path / "locks"), SessionLock(link, tmp_path / "locks")
    assert first.acquire() is None
    assert first.acquire() is None
    holder = second.acquire()
    assert holder is not None
    assert holder.process == os.getpid()
    assert str(os.getpid()) in holder.words()
    assert not second.held
    first.release()
    assert second.acquire() is None
    second.release()
    assert sorted(p.name for p in tmp_path.iterdir()) == ["s.dwb", "same.dwb"]


def test_the_lock_of_a_killed_process_is_taken_over(tmp_path: Path) -> None:
    session = tmp_path / "s.dwb"
    code = (
        "import sys, time\nfrom pathlib import Path\n"
        "from defect_workbench.storage.session.session_lock import SessionLock\n"
        f"lock = SessionLock(Path({str(session)!r}), Path({str(tmp_path / 'locks')!r}))\n"
        "print(lock.acquire(), flush=True)\nsys.stdin.read()\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as other:
        assert other.stdout is not None
        assert other.stdout.readline().strip() == "None"
        lock = SessionLock(session, tmp_path / "locks")
        holder = lock.acquire()
        assert holder is not None
        assert holder.process == other.pid
        other.send_signal(signal.SIGKILL)
        other.wait()
        assert lock.acquire() is None
        lock.release()
    assert list(tmp_path.iterdir()) == []


def test_a_session_in_a_folder_that_cannot_be_written_is_locked_elsewhere(tmp_path: Path) -> None:
    # A folder whose name is taken by a file cannot hold a lock, for root neither.
    (tmp_path / "file").write_bytes(b"")
    session = tmp_path / "file" / "s.dwb"
    first, second = (SessionLock(session, tmp_path / "locks") for _ in range(2))
    assert first.acquire() is None
    assert first.held
    assert second.acquire() is not None
    first.release()
