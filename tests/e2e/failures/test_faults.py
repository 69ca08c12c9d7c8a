"""Faults that need a process of their own: kills at a line of progress, full disks, missing rights."""

import os
import resource
import shutil
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.builders import picture
from tests.processes import COMMAND, Command, table

# Root may read and write everything: its two rights to do so are taken away.
ORDINARY = ["setpriv", "--bounding-set", "-dac_override,-dac_read_search"] if os.geteuid() == 0 else []
needs_rights = pytest.mark.skipif(
    bool(ORDINARY) and shutil.which("setpriv") is None, reason="root, and no setpriv to drop its rights"
)


@pytest.fixture
def lot(tmp_path: Path) -> Path:
    (tmp_path / "lot").mkdir()
    for index in range(60):
        picture(index).save(tmp_path / "lot" / f"{index:02d}.png")
    return tmp_path / "lot"


def as_ordinary(
    *arguments: str | Path, limit: Callable[[], None] | None = None
) -> subprocess.CompletedProcess[str]:
    # Coverage could not write its data under these limits, and would report that on standard error.
    environment = {k: v for k, v in os.environ.items() if not k.startswith("COVERAGE_PROCESS")}
    # Nor could Python write compiled modules: those that it truncates would fail in all runs after it.
    environment["PYTHONDONTWRITEBYTECODE"] = "1"
    return subprocess.run(
        [*ORDINARY, *COMMAND, *map(str, arguments)],
        capture_output=True,
        text=True,
        env=environment,
        timeout=300,
        check=False,
        preexec_fn=limit,
    )


@pytest.mark.parametrize(
    "line",
    [
        pytest.param("Extracting features", marks=pytest.mark.slow),
        "Building the dendrogram",
        "Writing images",
        pytest.param("Writing the report", marks=pytest.mark.slow),
    ],
)
def test_killed_at_a_line_of_progress_leaves_no_result_and_the_next_run_gives_it(
    lot: Path, tmp_path: Path, line: str, command: Command
) -> None:
    out = tmp_path / "out"
    arguments = ["cluster", str(lot), "--out", str(out), "--offline", "--cut", "3"]
    with subprocess.Popen([*COMMAND, *arguments], stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        for said in process.stderr:
            if said.startswith(line):
                process.send_signal(signal.SIGKILL)
                break
        process.stderr.read()
    assert process.returncode == -signal.SIGKILL
    assert not out.exists()
    done = command(*arguments)
    assert done.returncode == 0, done.stderr
    assert len(table(out / "manifest.csv")) == 60
    assert sorted(p.name for p in tmp_path.iterdir() if p.name != "home") == ["lot", "out"]


def test_a_disk_that_takes_no_more_ends_in_a_sentence_and_nothing_half_written(
    lot: Path, tmp_path: Path, command: Command
) -> None:
    """A limit on the size of files: what is larger does not fit, as on a full disk."""
    rng = np.random.default_rng(0)
    Image.fromarray(rng.integers(0, 256, (700, 700), dtype=np.uint8)).save(lot / "large.bmp")

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, 200_000))

    assert command("cluster", lot, "--out", tmp_path / "whole", "--offline", "--cut", "3").returncode == 0
    done = as_ordinary("cluster", lot, "--out", tmp_path / "out", "--offline", "--cut", "3", limit=limit)
    assert done.returncode == 1
    assert "nothing was written to" in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "out").exists()
    assert sorted(p.name for p in tmp_path.iterdir() if p.name != "home") == ["lot", "whole"]

    def less() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (3000, 3000))

    store = tmp_path / "store"
    done = as_ordinary("extract", lot, "--store", store, "--offline", limit=less)
    assert done.returncode == 1
    assert f"the feature store {store} cannot be written" in done.stderr
    assert "Traceback" not in done.stderr
    done = command("extract", lot, "--store", store, "--offline")
    assert done.returncode == 0, done.stderr


@pytest.mark.slow
def test_a_full_disk_ends_in_a_sentence_and_nothing_half_written(lot: Path, tmp_path: Path) -> None:
    """A real small disk, mounted where only this process sees it."""
    disk = tmp_path / "disk"
    disk.mkdir()
    rng = np.random.default_rng(0)
    Image.fromarray(rng.integers(0, 256, (1000, 1000), dtype=np.uint8)).save(lot / "large.bmp")
    mount = f"mount -t tmpfs -o size=600k none {disk}"
    if (
        shutil.which("unshare") is None
        or subprocess.run(["unshare", "-m", "sh", "-c", mount], capture_output=True, check=False).returncode
    ):
        pytest.skip("no right to mount a small disk here")
    command = " ".join(COMMAND)
    for job, words in (
        (f"cluster {lot} --out {disk}/out --offline --cut 3", "the disk is full; nothing was written"),
        (f"extract {lot} --store {disk}/store --offline", "the disk is full"),
    ):
        fill = f"head -c 570k /dev/zero > {disk}/filler" if job.startswith("extract") else "true"
        done = subprocess.run(
            ["unshare", "-m", "sh", "-c", f"{mount}; {fill}; {command} {job}; echo code $?; ls -A {disk}"],
            capture_output=True,
            text=True,
            check=False,
            timeout=300,
        )
        assert "code 1" in done.stdout, done.stderr
        assert words in done.stderr
        assert "Traceback" not in done.stderr
        assert "out" not in done.stdout.split("code 1")[1]
        assert ".part" not in done.stdout


@pytest.mark.slow
def test_training_on_a_full_disk_leaves_neither_model_nor_report(tmp_path: Path, command: Command) -> None:
    """The disk has room for the model but not for its report, or for nothing."""
    lot, disk, store = tmp_path / "lot", tmp_path / "disk", tmp_path / "store"
    disk.mkdir()
    for kind, shift in (("a", 0), ("b", 100)):
        (lot / kind).mkdir(parents=True)
        for index in range(4):
            picture(shift + index).save(lot / kind / f"{index}.png")
    options = ("--offline", "--store", str(store), "--folds", "2", "--out")
    train = f"{' '.join(COMMAND)} train {lot} {' '.join(options)}"
    mount = f"mount -t tmpfs -o size=4m none {disk}"
    if (
        shutil.which("unshare") is None
        or subprocess.run(["unshare", "-m", "sh", "-c", mount], capture_output=True, check=False).returncode
    ):
        pytest.skip("no right to mount a small disk here")
    assert command("train", lot, *options, tmp_path / "whole").returncode == 0
    size = (tmp_path / "whole").stat().st_size
    script = f"{mount}; "
    for room in ((size // 4096 + 4) * 4096, 0):
        script += f"head -c {4194304 - room} /dev/zero > {disk}/filler; "
        script += f"{train} {disk}/m; echo code $?; ls -A {disk}; "
    done = subprocess.run(
        ["unshare", "-m", "sh", "-c", script], capture_output=True, text=True, check=False, timeout=300
    )
    assert (tmp_path / "whole.html").is_file()
    assert len(done.stdout.split("code ")) == 3
    for after in done.stdout.split("code ")[1:]:
        assert after.split()[:2] == ["1", "filler"], done.stderr
        assert "m" not in after.split()
        assert "m.html" not in after.split()
    assert done.stderr.count("the disk is full; nothing was written") == 2
    assert "unexpected" not in done.stderr


@needs_rights
def test_what_may_not_be_read_is_listed_and_a_read_only_folder_stays_as_it_is(
    lot: Path, tmp_path: Path
) -> None:
    (lot / "00.png").chmod(0)
    (lot / "closed").mkdir()
    picture(100).save(lot / "closed" / "x.png")
    (lot / "closed").chmod(0)
    lot.chmod(0o555)
    try:
        done = as_ordinary("cluster", lot, "--out", tmp_path / "out", "--offline", "--cut", "3")
        assert done.returncode == 0, done.stderr
        rejected = {row["path"]: row["reason"] for row in table(tmp_path / "out" / "rejected.csv")}
        assert rejected == {
            "00.png": "it cannot be read: Permission denied",
            "closed/": "the folder cannot be read: Permission denied",
        }
        inside = as_ordinary("cluster", lot, "--out", lot / "out", "--offline", "--cut", "3")
        assert inside.returncode == 1
        assert "is not a writable folder" in inside.stderr
        lot.chmod(0)
        shut = as_ordinary("cluster", lot, "--out", tmp_path / "other", "--offline")
        assert shut.returncode == 2
        assert "cannot be read: Permission denied" in shut.stderr
    finally:
        lot.chmod(0o755)
        (lot / "closed").chmod(0o755)
    assert sorted(p.name for p in lot.iterdir()) == [*(f"{i:02d}.png" for i in range(60)), "closed"]


@needs_rights
def test_a_folder_that_may_no_longer_be_read_stops_the_work_with_a_reason(lot: Path, tmp_path: Path) -> None:
    for index in range(60, 400):
        picture(index).save(lot / f"{index:03d}.png")
    code = f"""
import os, sys
from defect_workbench.commands.shared import console
from defect_workbench.__main__ import main
class Closing(console.ConsoleReporter):
    def advance(self, steps=1):
        if self._title == "Extracting features":
            os.chmod({str(lot)!r}, 0)
        super().advance(steps)
console.ConsoleReporter = Closing
sys.argv = ["defect-workbench", "cluster", {str(lot)!r}, "--out", {str(tmp_path / "out")!r}, "--offline"]
sys.exit(main())
"""
    try:
        done = subprocess.run(
            [*ORDINARY, COMMAND[0], "-c", code], capture_output=True, text=True, check=False, timeout=300
        )
    finally:
        lot.chmod(0o755)
    assert done.returncode == 1
    assert "can no longer be read (Permission denied)" in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "out").exists()


@needs_rights
def test_a_session_that_cannot_be_saved_or_an_export_undone_says_so(
    lot: Path, tmp_path: Path, command: Command
) -> None:
    assert command("cluster", lot, "--out", tmp_path / "out", "--offline", "--cut", "3").returncode == 0
    folders = [tmp_path / "out", *(p for p in (tmp_path / "out").iterdir() if p.is_dir())]
    for folder in folders:
        folder.chmod(0o555)
    try:
        done = as_ordinary("export", "--undo", tmp_path / "out")
        added = as_ordinary("cluster", lot, "--out", tmp_path / "out", "--add", "--offline", "--cut", "3")
    finally:
        for folder in folders:
            folder.chmod(0o755)
    assert done.returncode == 1
    assert "cannot be removed: Permission denied" in done.stderr
    assert added.returncode == 1
    assert "not a writable folder" in added.stderr
    assert len(table(tmp_path / "out" / "manifest.csv")) == 60


def test_damaged_and_newer_files_are_refused_with_a_reason_and_kept(
    lot: Path, tmp_path: Path, command: Command
) -> None:
    (tmp_path / "s.dwb").write_bytes(b"PK\x03\x04 nonsense")
    (tmp_path / "store").mkdir()
    (tmp_path / "store" / "store.json").write_text("{")
    (tmp_path / "newer").mkdir()
    (tmp_path / "newer" / "store.json").write_text('{"format": 99}')
    cases: tuple[tuple[list[str | Path], str], ...] = (
        (["export", tmp_path / "s.dwb", "--out", tmp_path / "out"], "is damaged"),
        (["extract", lot, "--store", tmp_path / "store"], "store.json is damaged"),
        (["extract", lot, "--store", tmp_path / "newer"], "newer version"),
    )
    for arguments, words in cases:
        done = command(*arguments)
        assert done.returncode == 1
        assert words in done.stderr
        assert "Traceback" not in done.stderr
    assert (tmp_path / "s.dwb").read_bytes() == b"PK\x03\x04 nonsense"
    assert (tmp_path / "store" / "store.json").read_text() == "{"
    assert not (tmp_path / "out").exists()
