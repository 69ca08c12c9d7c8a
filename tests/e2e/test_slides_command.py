"""Slides by the real command line."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from pptx import Presentation

from defect_workbench.storage.session.session_file import save_session
from defect_workbench.user_dirs import UserDirs
from tests.builders import made_project
from tests.processes import Command, run


@pytest.fixture
def session(tmp_path: Path) -> Path:
    """A session of made-up clusters."""
    path = tmp_path / "work.dwb"
    save_session(path, made_project(tmp_path / "lot", (7, 6, 5, 1)))
    return path


def test_slides_of_a_session_open_and_say_what_is_in_it(session: Path, tmp_path: Path) -> None:
    done = run("export", session, "--slides", tmp_path / "lot.pptx", "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == {
        "images": 19, "clusters": 3, "outliers": 1, "slides": str(tmp_path / "lot.pptx"), "missing": 0,
    }  # fmt: skip
    titles = [slide.shapes.title.text_frame.text for slide in Presentation(str(tmp_path / "lot.pptx")).slides]
    assert titles == ["lot", "Images per cluster", "cluster-01", "cluster-02", "cluster-03", "Outliers"]


def test_slides_that_cannot_be_written_touch_nothing(session: Path, tmp_path: Path, command: Command) -> None:
    taken = tmp_path / "taken.pptx"
    taken.write_text("mine")
    (tmp_path / "dangling.pptx").symlink_to("nowhere")
    (tmp_path / "home").mkdir()
    before = sorted(os.listdir(tmp_path))
    for name, words in (
        ("taken.pptx", "already exists, so nothing was written; name a new file"),
        ("dangling.pptx", "already exists"),
        ("no/such/lot.pptx", "there is no folder"),
        ("taken.pptx/lot.pptx", "there is no folder"),
        ("lot.ppt", "let it end in .pptx"),
    ):
        done = command("export", session, "--slides", tmp_path / name)
        assert done.returncode == 2, name
        assert words in done.stderr
        assert len(done.stderr.splitlines()) == 1
    assert sorted(os.listdir(tmp_path)) == before
    assert taken.read_text() == "mine"


def test_options_for_folders_are_refused_by_name(session: Path, tmp_path: Path, command: Command) -> None:
    for options in (
        ["--out", "x"], ["--undo", "x"], ["--confirmed"], ["--split", "random"], ["--mode", "symlink"],
        ["--format", "coco"], ["--dry-run"], ["--add"], ["--side-data", "x"], ["--shares", "1/1/1"],
    ):  # fmt: skip
        done = command("export", session, "--slides", tmp_path / "lot.pptx", *options)
        assert done.returncode == 2
        assert f"--slides cannot be combined with {options[0]}" in done.stderr
    assert not (tmp_path / "lot.pptx").exists()


def test_images_that_moved_are_found_with_folder_or_reported(
    session: Path, tmp_path: Path, command: Command, places: UserDirs
) -> None:
    (tmp_path / "lot").rename(tmp_path / "moved")
    out = tmp_path / "lot.pptx"
    done = command("export", session, "--slides", out)
    assert done.returncode == 1
    assert "none of the images are in" in done.stderr
    assert "--folder" in done.stderr
    assert not out.exists()
    (tmp_path / "moved" / "image-003.png").unlink()
    done = command("export", session, "--slides", out, "--folder", tmp_path / "moved")
    assert done.returncode == 0, done.stderr
    assert "19 images in 3 clusters and 1 outlier written as slides" in done.stdout
    assert "1 image no longer in" in done.stdout
    places.classes.parent.mkdir(parents=True, exist_ok=True)
    places.classes.write_text("damaged")
    other = tmp_path / "again.pptx"
    done = command("export", session, "--slides", other, "--folder", tmp_path / "moved")
    assert done.returncode == 0, done.stderr
    assert "the slides have no definitions" in done.stderr
    assert other.is_file()
    done = command("export", "--slides", tmp_path / "other.pptx")
    assert done.returncode == 2
    assert "give SESSION and --slides" in done.stderr
