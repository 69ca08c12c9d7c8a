"""Run the real jobs on one folder, and check what must hold whatever it contains."""

from __future__ import annotations

import contextlib
import csv
import hashlib
import io
import json
import os
import random
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path

from hypothesis import strategies as st

from defect_workbench import cli
from defect_workbench.core.text import printable
from defect_workbench.engine.input.formats.registry import looks_like_image
from defect_workbench.storage.files.csv_cells import plain_path
from defect_workbench.user_dirs import UserDirs
from tests.fuzz.folders import File, write

NEVER = ("Traceback", "did not expect", "Warning:", "site-packages", "Exception ignored")

options = st.fixed_dictionaries(
    {
        "method": st.sampled_from(
            [[], [], [], ["--method", "affinity", "--damping", "0.9"], ["--linkage", "average"]]
        ),
        "cut": st.sampled_from([[], [], ["--cut", "1"], ["--cut", "2"], ["--cut", "height:0.5"]]),
        "mode": st.sampled_from([[], [], ["--mode", "hardlink"], ["--mode", "symlink"]]),
        "form": st.sampled_from(
            [[], [], ["--split", "random"], ["--split", "folder"], ["--format", "coco", "--format", "csv"]]
        ),
        "look": st.sampled_from(
            [
                [],
                [],
                [],
                ["--denoise", "median"],
                ["--background", "plane"],
                ["--info-bar", "3"],
                ["--rescale", "5"],
            ]
        ),
        "inside": st.booleans(),
        "json": st.booleans(),
    }
)


@dataclass
class Run:
    """The output and exit code of a command."""

    code: int
    out: str
    err: str


def snapshot(folder: Path) -> dict[str, tuple[object, ...]]:
    """Return everything below a folder: kind, permissions, time, content."""
    found: dict[str, tuple[object, ...]] = {}
    for where, folders, names in os.walk(folder):
        for name in [*folders, *names]:
            path = os.path.join(where, name)
            status = os.lstat(path)
            content = ""
            if stat.S_ISREG(status.st_mode):
                with open(path, "rb") as stream:
                    content = hashlib.file_digest(stream, "sha256").hexdigest()
            elif stat.S_ISLNK(status.st_mode):
                content = os.readlink(path)
            time = 0 if stat.S_ISDIR(status.st_mode) else status.st_mtime_ns
            found[os.path.relpath(path, folder)] = (status.st_mode, time, content)
    return found


@dataclass
class Case:
    """One folder, and the place where its jobs run."""

    root: Path
    arguments: list[str]
    places: UserDirs = field(init=False)

    def __post_init__(self) -> None:
        os.environ["DEFECT_WORKBENCH_HOME"] = str(self.root / "home")
        self.places = UserDirs.of_user()

    @property
    def lot(self) -> Path:
        return self.root / "lot"

    def run(self, *arguments: str | Path) -> Run:
        """Run a command in this process; it must end with a message, not a traceback."""
        out, err = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            code = cli.run([str(a) for a in arguments], self.places)
        found = Run(code, out.getvalue(), err.getvalue())
        printed = found.out + found.err
        assert code in (0, 1, 2), (code, printed)
        for word in NEVER:
            assert word not in printed, printed
        assert printable(printed, keep="\n") == printed, ascii(printed)
        return found

    def cluster(self, out: Path, *more: str) -> Run:
        """Run the job itself, into a result folder."""
        return self.run("cluster", self.lot, "--out", out, "--offline", *self.arguments, *more)


def check(files: list[File], chosen: dict[str, object], kill: int | None) -> None:
    """Check all invariants of one folder.

    Parameters
    ----------
    kill : int or None
        Seed of the moment at which another run is killed.
    """
    with tempfile.TemporaryDirectory(prefix="fuzz-") as temporary:
        root = Path(temporary)
        arguments = [a for key in ("method", "cut", "mode", "form", "look") for a in chosen[key]]  # type: ignore[attr-defined]
        case = Case(root, arguments)
        case.lot.mkdir()
        for file in files:
            write(case.lot, file)
        out = case.lot / "result" if chosen["inside"] else root / "out"
        before = snapshot(case.lot)
        done = case.cluster(out, *(["--json"] if chosen["json"] else []))
        after = {
            path: entry
            for path, entry in snapshot(case.lot).items()
            if not (path + "/").startswith("result/")
        }
        assert after == before, "the images were changed"
        assert set(os.listdir(root)) <= {"lot", "home", "out"}
        if done.code:
            assert not out.exists(), done.err
            return
        if chosen["json"]:
            json.loads(done.out)
        rows = check_result(case, out)
        check_copies(rows)
        check_again(case, out)
        if kill is not None:
            check_killed(case, out, kill)
        check_added_and_undone(case, out, before)


def table(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as stream:
        return list(csv.DictReader(stream))


def check_result(case: Case, out: Path) -> list[dict[str, str]]:
    """Check that every file that looks like an image is in one table, and every row has its file."""
    rows, rejected = table(out / "manifest.csv"), table(out / "rejected.csv")
    looking = set()
    seen: set[tuple[int, int]] = set()
    for where, folders, names in os.walk(case.lot, followlinks=True):
        status = os.stat(where)
        if (status.st_dev, status.st_ino) in seen or Path(where) == out:
            folders.clear()
            continue
        seen.add((status.st_dev, status.st_ino))
        for name in names:
            path = os.path.relpath(os.path.join(where, name), case.lot)
            if looks_like_image(name) and not os.path.isdir(os.path.join(where, name)):
                looking.add(path)
    listed = [plain_path(row["path"]) for row in rows] + [plain_path(row["path"]) for row in rejected]
    assert len(set(listed)) == len(listed), "a file is listed twice"
    kept = {path for path in listed if not path.startswith("result/") and not path.endswith("/")}
    # A folder that is reached in two ways is listed once.
    reals = {os.path.realpath(case.lot / path) for path in kept}
    missing = {path for path in looking - kept if os.path.realpath(case.lot / path) not in reals}
    assert not missing, f"in neither table: {missing}"
    exported = [plain_path(row["exported_as"]) for row in rows if row["exported_as"]]
    assert len(set(exported)) == len(exported)
    for row in rows:
        file = out / plain_path(row["exported_as"])
        assert Path(os.path.normpath(file)).is_relative_to(out)
        with file.open("rb") as stream:
            assert hashlib.file_digest(stream, "sha256").hexdigest() == row["sha256"]
    return rows


def check_copies(rows: list[dict[str, str]]) -> None:
    """Check that copies of one image share their cluster or are all outliers."""
    found = defaultdict(set)
    for row in rows:
        found[row["sha256"]].add("outlier" if row["outlier"] == "true" else row["cluster"])
    apart = {sha256: where for sha256, where in found.items() if len(where) > 1}
    if apart and len({row["sha256"] for row in rows}) > 1:
        raise AssertionError(f"copies are in different clusters: {apart}")


def check_again(case: Case, out: Path) -> None:
    """Check that an empty store and a replay give the same manifest."""
    again = case.root / "again"
    done = case.cluster(again, "--store", str(case.root / "store"))
    assert done.code == 0, done.err
    # Results inside the folder are listed as rejected, and change nothing else.
    assert (again / "manifest.csv").read_bytes() == (out / "manifest.csv").read_bytes()
    shutil.rmtree(again)
    shutil.rmtree(case.root / "store")
    done = case.run("replay", out / "session.dwb", "--out", again, "--offline")
    assert done.code == 0, done.err
    assert (again / "manifest.csv").read_bytes() == (out / "manifest.csv").read_bytes()
    shutil.rmtree(again)


def check_killed(case: Case, out: Path, seed: int) -> None:
    """Check that a killed run leaves nothing half-written, and that the next one succeeds."""
    rng = random.Random(seed)
    killed = case.root / "killed"
    command = [sys.executable, "-m", "defect_workbench", "cluster", str(case.lot), "--out", str(killed)]
    command += ["--offline", "--store", str(case.root / "other"), *case.arguments]
    number = rng.choice([signal.SIGKILL, signal.SIGINT, signal.SIGTERM])
    with subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True) as process:
        assert process.stderr is not None
        lines = rng.randrange(1, 10)
        for _ in range(lines):
            if not process.stderr.readline():
                break
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(rng.random() * 0.05)
        process.send_signal(number)
        printed = process.stderr.read()
    if number != signal.SIGKILL:
        assert process.returncode in (0, 130), (process.returncode, printed)
        assert "Traceback" not in printed, printed
    if killed.exists():
        assert (killed / "manifest.csv").read_bytes() == (out / "manifest.csv").read_bytes()
        shutil.rmtree(killed)
    done = case.cluster(killed, "--store", str(case.root / "other"))
    assert done.code == 0, done.err
    assert (killed / "manifest.csv").read_bytes() == (out / "manifest.csv").read_bytes()
    assert {name for name in os.listdir(case.root) if name.startswith(".")} == set()
    shutil.rmtree(killed)
    shutil.rmtree(case.root / "other")


def check_added_and_undone(case: Case, out: Path, before: dict[str, tuple[object, ...]]) -> None:
    """Check that adding leaves the rest unchanged, and that undo removes exactly what was written."""
    first = (out / "manifest.csv").read_bytes().decode()
    added = File("later", "new.png", "grey", (40, 40), 99)
    write(case.lot, added)
    plain = list(case.arguments)
    for name, count in (("--split", 2), ("--format", 2)):
        while name in plain:
            at = plain.index(name)
            del plain[at : at + count]
    done = case.run("cluster", case.lot, "--out", out, "--offline", "--add", *plain)
    if done.code == 0:
        text = (out / "manifest.csv").read_bytes().decode()
        assert text.startswith(first), "rows of the earlier export changed"
        assert "later/new.png" in text[len(first) :]
    else:
        assert (out / "manifest.csv").read_bytes().decode() == first, done.err
    foreign = out / "mine.txt"
    foreign.write_text("mine")
    done = case.run("export", "--undo", out)
    assert done.code == 0, done.err
    assert os.listdir(out) == ["mine.txt"], os.listdir(out)
    foreign.unlink()
    out.rmdir()
    left = snapshot(case.lot)
    for path in ("later", "later/new.png"):
        left.pop(path)
    assert left == before, "the images were changed"
