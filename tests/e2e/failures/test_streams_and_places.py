"""What surrounds a job: its streams, its working folder, its home, and a Ctrl-C before it has begun."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.builders import picture
from tests.processes import COMMAND, table

SHELL = " ".join(COMMAND)
posix = pytest.mark.skipif(os.name != "posix", reason="a shell's redirections")


@pytest.fixture
def lot(tmp_path: Path) -> Path:
    (tmp_path / "lot" / "a").mkdir(parents=True)
    (tmp_path / "lot" / "b").mkdir()
    for index in range(12):
        picture(index).save(tmp_path / "lot" / f"{index:02d}.png")
    # Two names that collide in the result, and no narrow encoding has them.
    for folder, index in (("a", 20), ("b", 21)):
        picture(index).save(tmp_path / "lot" / folder / "缺陷.png")
    return tmp_path / "lot"


def shell(line: str, **environment: str) -> subprocess.CompletedProcess[bytes]:
    base = {k: v for k, v in os.environ.items() if k not in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM")}
    return subprocess.run(
        ["bash", "-c", line], capture_output=True, env={**base, **environment}, timeout=300, check=False
    )


@posix
@pytest.mark.parametrize(
    "streams",
    [
        pytest.param("2>&-", marks=pytest.mark.slow),
        pytest.param("--json >&-", marks=pytest.mark.slow),
        ">&- 2>&-",
        pytest.param("--json <&- >&- 2>&-", marks=pytest.mark.slow),
        pytest.param("2>/dev/full", marks=pytest.mark.slow),
        pytest.param("--json 2>&1 >/dev/null | true", marks=pytest.mark.slow),
    ],
)
def test_an_unread_stream_does_not_stop_the_job(lot: Path, tmp_path: Path, streams: str) -> None:
    out = tmp_path / "out"
    done = shell(f"{SHELL} cluster {lot} --out {out} --offline --cut 1 {streams}; exit ${{PIPESTATUS[0]}}")
    assert (done.returncode, b"Traceback" in done.stderr) == (0, False), done.stderr
    assert len(table(out / "manifest.csv")) == 14


@pytest.mark.parametrize(
    ("encoding", "as_json"),
    [
        ("cp1252", True),
        pytest.param("ascii", False, marks=pytest.mark.slow),
        pytest.param("utf-8", False, marks=pytest.mark.slow),
    ],
)
def test_a_narrow_encoding_escapes_names_and_does_not_fail_the_job(
    lot: Path, tmp_path: Path, encoding: str, as_json: bool
) -> None:
    options = ["--offline", "--cut", "1"] + ["--json"] * as_json
    done = subprocess.run(
        [*COMMAND, "cluster", str(lot), "--out", str(tmp_path / "out"), *options],
        capture_output=True,
        env={**os.environ, "PYTHONIOENCODING": encoding},
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    text = done.stdout.decode(encoding)
    if as_json:
        assert json.loads(text)["collisions"][0][0].endswith("/缺陷.png")
    else:
        assert ("缺陷" if encoding == "utf-8" else "\\u7f3a\\u9677") in text


def started_with(module: str, happens: str) -> subprocess.CompletedProcess[str]:
    """The program, where something happens as it imports a module."""
    code = f"""
import os, runpy, signal, sys
class Meets:
    def find_spec(self, name, path=None, target=None):
        if name == {module!r}:
            sys.meta_path.remove(self)
            {happens}
sys.meta_path.insert(0, Meets())
sys.argv = ["defect-workbench", "weights", "status"]
runpy.run_module("defect_workbench", run_name="__main__", alter_sys=True)
"""
    return subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False
    )


@pytest.mark.parametrize("module", ["defect_workbench.streams", "defect_workbench.cli", "tqdm"])
def test_ctrl_c_while_the_program_starts_is_a_cancel(module: str) -> None:
    done = started_with(module, "os.kill(os.getpid(), signal.SIGINT)")
    assert (done.returncode, done.stderr) == (130, "defect-workbench: cancelled\n")


def test_ctrl_c_that_a_compiled_module_reports_as_a_failed_import_is_a_cancel() -> None:
    lines = (
        "try:",
        "    os.kill(os.getpid(), signal.SIGINT)",
        "except KeyboardInterrupt:",
        "    raise ImportError('PyCapsule_Import could not import module') from None",
    )
    done = started_with("tqdm", f"exec({chr(10).join(lines)!r})")
    assert (done.returncode, done.stderr) == (130, "defect-workbench: cancelled\n")


@pytest.mark.parametrize(
    ("happens", "words"),
    [
        ("raise ImportError('libX.so.1: cannot open shared object file')", "(libX.so.1: cannot open shared"),
        ("raise ZeroDivisionError('x')", "unexpected error (ZeroDivisionError: x). Try again"),
        ("raise MemoryError", "not enough memory"),
    ],
)
def test_a_program_that_cannot_start_says_so(happens: str, words: str) -> None:
    done = started_with("tqdm", happens)
    assert done.returncode == 1
    assert words in done.stderr
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.parametrize(
    ("home", "words"),
    [
        ("~nosuchuser/x", "there is no such user"),
        ("{file}", "is not a folder"),
        ("{file}/below", "is not a folder"),
    ],
)
def test_a_home_that_is_not_a_folder_is_reported(tmp_path: Path, home: str, words: str) -> None:
    (tmp_path / "file").write_text("mine")
    value = home.format(file=tmp_path / "file")
    done = subprocess.run(
        [*COMMAND, "weights", "status"],
        capture_output=True,
        text=True,
        env={**os.environ, "DEFECT_WORKBENCH_HOME": value},
        timeout=60,
        check=False,
    )
    assert done.returncode == 1, done.stderr
    assert done.stderr.startswith(f"defect-workbench: DEFECT_WORKBENCH_HOME is {value}, ")
    assert words in done.stderr
    assert (tmp_path / "file").read_text() == "mine"


@pytest.mark.skipif(os.name != "posix" or os.geteuid() != 0, reason="only root can be somebody unknown")
@pytest.mark.skipif(shutil.which("setpriv") is None, reason="no setpriv")
def test_an_error_without_a_home_names_what_to_set() -> None:
    done = shell(
        f"env -u HOME -u DEFECT_WORKBENCH_HOME setpriv --reuid 54321 --clear-groups {SHELL} weights status"
    )
    if b"No module named" in done.stderr or b"Permission denied" in done.stderr:
        pytest.skip("that user may not read this program")
    assert done.returncode == 1
    assert b"has no home folder" in done.stderr
    assert b"DEFECT_WORKBENCH_HOME" in done.stderr
    assert b"Traceback" not in done.stderr


@posix
def test_a_deleted_working_folder_stops_only_what_needs_it(lot: Path, tmp_path: Path) -> None:
    gone = f"mkdir {tmp_path}/gone && cd {tmp_path}/gone && rmdir {tmp_path}/gone &&"
    full = shell(f"{gone} {SHELL} cluster {lot} --out {tmp_path}/out --offline --cut 2")
    assert full.returncode == 0, full.stderr
    for job, code in (
        (f"cluster {lot} --out out", 2),
        ("cluster lot --out /out", 2),
        ("train lot --out m", 2),
        ("export --undo out", 2),
        ("demo --offline", 1),
    ):
        done = shell(f"{gone} {SHELL} {job}")
        assert done.returncode == code, done.stderr
        assert (
            b"working folder that no longer exists" in done.stderr
            or b"working folder no longer" in done.stderr
        )
        assert b"Traceback" not in done.stderr
    done = shell(f"{gone} {SHELL} weights status", DEFECT_WORKBENCH_HOME="relative")
    assert done.returncode == 1
    assert b"is relative to a working folder that no longer exists" in done.stderr
