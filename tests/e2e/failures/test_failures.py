"""Failures of a whole run: streams that close, interrupts, a full disk, places that are missing."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from defect_workbench import cli
from defect_workbench.core.errors import WorkbenchError
from defect_workbench.user_dirs import HOME_VARIABLE, UserDirs
from tests.builders import made_lot
from tests.conftest import GOLDEN
from tests.processes import run

ODD = ("Traceback", "did not expect", "Warning:", "site-packages")


@pytest.fixture
def lot(tmp_path: Path) -> Path:
    return made_lot(tmp_path / "lot")


@pytest.mark.parametrize(
    ("redirection", "option"),
    [
        pytest.param(">/dev/full", "", marks=pytest.mark.slow),
        (">/dev/full", "--json"),
        pytest.param("| true", "", marks=pytest.mark.slow),
    ],
)
def test_a_result_that_cannot_be_printed_is_reported(
    redirection: str, option: str, lot: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    command = f'"{sys.executable}" -m defect_workbench cluster "{lot}" --out "{out}" --offline'
    line = f"{command} {option} {redirection}"
    done = subprocess.run(
        ["bash", "-c", f"set -o pipefail; {line}"], timeout=120, check=False, capture_output=True, text=True
    )
    assert (out / "manifest.csv").is_file()
    assert done.returncode == 1
    assert "cannot be printed" in done.stderr
    assert "the work itself is done" in done.stderr
    assert not any(word in done.stderr for word in (*ODD, "Exception ignored"))


@pytest.mark.parametrize(
    "seconds",
    [
        0.05,
        pytest.param(0.1, marks=pytest.mark.whole_job),
        pytest.param(0.2, marks=pytest.mark.whole_job),
        0.4,
    ],
)
def test_an_early_interrupt_ends_without_a_traceback_of_ours(
    seconds: float, lot: Path, tmp_path: Path
) -> None:
    """Before `main` runs, the interpreter itself is starting; that alone is not ours."""
    code = (
        "import sys; sys.argv = sys.argv[1:]\n"
        "import defect_workbench.__main__ as program\n"
        "print('ready', flush=True)\n"
        "raise SystemExit(program.main())\n"
    )
    command = [
        sys.executable,
        "-c",
        code,
        "defect-workbench",
        "cluster",
        str(lot),
        "--out",
        str(tmp_path / "out"),
    ]
    with subprocess.Popen(
        [*command, "--offline"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as p:
        assert p.stdout is not None
        assert p.stdout.readline() == "ready\n"
        time.sleep(seconds)
        p.send_signal(signal.SIGINT)
        _, said = p.communicate(timeout=60)
    assert "Traceback" not in said
    assert p.returncode == 130
    assert "cancelled" in said


@pytest.mark.parametrize("value", ["~nosuchuser/x", "/etc/passwd"])
def test_a_home_that_is_not_a_folder_is_named(value: str) -> None:
    done = run("weights", "status", **{HOME_VARIABLE: value})
    assert done.returncode == 1
    assert value in done.stderr
    assert "Traceback" not in done.stderr


def test_a_folder_that_was_deleted_is_reported(tmp_path: Path) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    line = f'cd "{gone}" && rmdir "{gone}" && "{sys.executable}" -m defect_workbench weights status'
    root = Path(__file__).resolve().parents[3]
    environment = {**os.environ, HOME_VARIABLE: "relative", "PYTHONPATH": str(root)}
    done = subprocess.run(["bash", "-c", line], env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "no longer exists" in done.stderr
    assert "Traceback" not in done.stderr


def test_an_error_without_a_home_names_what_to_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(HOME_VARIABLE)

    def none(*_: object) -> Path:
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.setattr(Path, "expanduser", none)
    monkeypatch.setattr("os.path.expanduser", none)
    with pytest.raises(WorkbenchError, match=f"set {HOME_VARIABLE}"):
        UserDirs.of_user()


@pytest.mark.parametrize("part", ["model", "report", "onnx"])
def test_a_disk_that_fills_during_training_leaves_neither_model_nor_report(
    part: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    places: UserDirs,
    capsys: pytest.CaptureFixture[str],
) -> None:
    import errno

    if part == "onnx":
        pytest.importorskip("onnx")
    sync = os.fsync
    written: list[str] = []

    def full(handle: int) -> None:
        name = os.readlink(f"/proc/self/fd/{handle}")
        written.append(name)
        if {"model": ".m.model-", "report": ".m.model.html-", "onnx": ".m.onnx-"}[part] in name:
            raise OSError(errno.ENOSPC, "No space left on device", name)
        sync(handle)

    out = tmp_path / "models"
    out.mkdir()
    monkeypatch.setattr(os, "fsync", full)
    options = ["--folds", "2", "--offline"] + (["--onnx", str(out / "m.onnx")] if part == "onnx" else [])
    assert cli.run(["train", str(GOLDEN / "images"), "--out", str(out / "m.model"), *options], places) == 1
    assert "the disk is full; nothing was written" in capsys.readouterr().err
    assert list(out.iterdir()) == []
    monkeypatch.undo()


def test_an_unforeseen_error_names_what_was_under_way(
    lot: Path,
    tmp_path: Path,
    places: UserDirs,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    from defect_workbench.engine.clustering import group

    def failing(*_: object) -> object:
        raise ZeroDivisionError("division by zero")

    monkeypatch.setattr(group, "outlier_scores", failing)
    assert cli.run(["cluster", str(lot), "--out", str(tmp_path / "out"), "--offline"], places) == 1
    said = capsys.readouterr().err
    assert "unexpected error at the step “Searching for outliers”" in said
    assert "ZeroDivisionError: division by zero" in said
    assert str(places.log) in said
    assert "Traceback" in places.log.read_text()
    assert not (tmp_path / "out").exists()


def test_a_lack_of_memory_is_reported_as_such(
    lot: Path,
    tmp_path: Path,
    places: UserDirs,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    from defect_workbench.engine.clustering import group

    def full(*_: object) -> object:
        raise MemoryError

    monkeypatch.setattr(group, "outlier_scores", full)
    assert cli.run(["cluster", str(lot), "--out", str(tmp_path / "out"), "--offline"], places) == 1
    assert "not enough memory" in capsys.readouterr().err
