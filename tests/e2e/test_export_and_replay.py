"""Side data, export, undo and replay by the real command line."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from defect_workbench.core.clustering.clustering_result import Settings
from defect_workbench.core.progress import SilentReporter
from defect_workbench.storage.result.manifest import manifest_text, rows
from defect_workbench.storage.session.session_file import save_session
from defect_workbench.user_dirs import UserDirs
from defect_workbench.workflows.extract import FeatureOptions
from defect_workbench.workflows.open_project import OpenRequest, open_folder
from tests.builders import made_lot, picture
from tests.processes import Command, in_process, table


@pytest.fixture
def lot(tmp_path: Path) -> Path:
    folder = tmp_path / "lot"
    for index in range(36):
        place = folder / "ABC"[index % 3]
        place.mkdir(parents=True, exist_ok=True)
        picture(index).save(place / f"{index:02d}.png")
    (folder / "bad.png").write_bytes(b"not a picture")
    lines = [f"{index:02d}.png;{'=x' if index % 2 else 'y'};{index},5" for index in range(35)]
    (tmp_path / "side.csv").write_text("\n".join(["name;step;value", *lines, "other.png;z;1"]))
    return folder


def test_a_job_with_side_data_and_a_split_is_replayed_added_to_and_undone(
    lot: Path, tmp_path: Path, command: Command, request: pytest.FixtureRequest
) -> None:
    out, again = tmp_path / "out", tmp_path / "again"
    options = ["--offline", "--cut", "4", "--side-data", str(tmp_path / "side.csv"), "--background", "plane"]
    dry = command("cluster", lot, "--out", out, *options, "--split", "folder", "--dry-run")
    assert dry.returncode == 0, dry.stderr
    assert "would be written to" in dry.stdout
    assert not out.exists()
    done = command(
        "cluster", lot, "--out", out, *options,
        "--split", "folder", "--format", "coco", "--format", "csv", "--json",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)
    assert said["side_data"]["rows_without_image"] == ["other.png"]
    assert len(said["side_data"]["images_without_row"]) == 1
    assert {found["column"] for found in said["side_data"]["associations"]} == {"step", "value"}
    side = table(out / "side_data.csv")
    assert len(side) == 36
    assert {row["step"] for row in side} == {"'=x", "y", ""}
    report = (out / "report.html").read_text(encoding="utf-8")
    assert "step against clusters" in report
    assert "Made by" in report
    assert "Rows without an image (1): other.png" in report
    assert (out / "report.pdf").read_bytes().startswith(b"%PDF")
    request.getfixturevalue("small_reports")

    replayed = command("replay", out / "session.dwb", "--out", again)
    assert replayed.returncode == 0, replayed.stderr
    assert (again / "manifest.csv").read_bytes() == (out / "manifest.csv").read_bytes()
    assert (again / "annotations.csv").read_bytes() == (out / "annotations.csv").read_bytes()

    fresh = command("replay", out / "session.dwb", "--out", tmp_path / "fresh", "--store", tmp_path / "store")
    assert fresh.returncode == 0, fresh.stderr
    assert (tmp_path / "fresh" / "manifest.csv").read_bytes() == (out / "manifest.csv").read_bytes()

    elsewhere = tmp_path / "elsewhere"
    lot.rename(elsewhere)
    moved = command("export", out / "session.dwb", "--out", tmp_path / "moved")
    assert moved.returncode == 1
    assert "can no longer be read" in moved.stderr
    moved = command(
        "export", out / "session.dwb", "--out", tmp_path / "moved", "--folder", elsewhere, "--json"
    )
    assert json.loads(moved.stdout)["images"] == 36
    (elsewhere / "A" / "new.png").write_bytes((elsewhere / "A" / "00.png").read_bytes())
    picture(77).save(elsewhere / "A" / "newer.png")
    added = command("cluster", elsewhere, "--out", tmp_path / "moved", "--add", "--offline", "--cut", "4")
    assert added.returncode == 0, added.stderr
    assert "1 new image," in added.stdout
    assert len(table(tmp_path / "moved" / "manifest.csv")) == 37
    undone = command("export", "--undo", tmp_path / "moved")
    assert undone.returncode == 0, undone.stderr
    assert not (tmp_path / "moved").exists()
    assert len(list(elsewhere.rglob("*.png"))) == 39


@pytest.mark.usefixtures("small_reports")
def test_replay_of_a_changed_folder_says_what_differs_and_writes_nothing(
    lot: Path, tmp_path: Path, command: Command
) -> None:
    assert command("cluster", lot, "--out", tmp_path / "out", "--offline", "--cut", "3").returncode == 0
    picture(99).save(lot / "A" / "00.png")
    (lot / "B" / "01.png").unlink()
    (lot / "C" / "02.png").write_bytes(b"")
    picture(98).save(lot / "A" / "new.png")
    picture(97).save(lot / "bad.png")
    done = command("replay", tmp_path / "out" / "session.dwb", "--out", tmp_path / "again")
    assert done.returncode == 1
    for words in (
        "B/01.png: deleted or moved",
        "A/00.png: changed",
        "C/02.png: can no longer be used",
        "A/new.png: new",
        "bad.png: can be used now",
    ):
        assert words in done.stderr
    assert not (tmp_path / "again").exists()


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (
            ["cluster", "LOT", "--out", "OUT", "--offline", "--split", "wafer"],
            2,
            "give random, folder, or column",
        ),
        (
            ["cluster", "LOT", "--out", "OUT", "--offline", "--split", "random", "--shares", "1/2"],
            2,
            "three numbers",
        ),
        (["cluster", "LOT", "--out", "OUT", "--offline", "--side-data", "NOWHERE"], 2, "cannot be read"),
        (["cluster", "LOT", "--out", "OUT", "--offline", "--name-column", "x"], 2, "require --side-data"),
        (["cluster", "LOT", "--out", "OUT", "--offline", "--add"], 2, "not an export of this program"),
        (["export", "NOWHERE", "--out", "OUT"], 1, "does not exist"),
        (["export", "--out", "OUT"], 2, "give SESSION and --out DIR"),
        (["export", "--undo", "LOT"], 2, "not an export of this program"),
        (["export", "--undo", "LOT", "--out", "OUT"], 2, "cannot be combined"),
        (["replay", "LOT", "--out", "OUT"], 1, "not a session file"),
    ],
)
def test_wrong_input_gets_a_sentence_and_costs_nothing(
    lot: Path,
    tmp_path: Path,
    places: UserDirs,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    code: int,
    words: str,
) -> None:
    names = {"LOT": str(lot), "OUT": str(tmp_path / "out"), "NOWHERE": str(tmp_path / "nowhere")}
    done = in_process([names.get(a, a) for a in arguments], places, capsys)
    assert (done.returncode, words in done.stderr) == (code, True), done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "out").exists()


def stripes(path: Path, seed: int) -> None:
    """Write an image of slightly noisy stripes."""
    rng = np.random.default_rng(seed)
    grey = np.where(np.arange(40) % 8 < 4, 40, 210) + rng.normal(0, 3, (32, 40))
    Image.fromarray(grey.clip(0, 255).astype(np.uint8)).save(path)


@pytest.mark.usefixtures("small_reports")
def test_session_of_an_earlier_version_is_replayed_with_outliers_searched_one_by_one(
    tmp_path: Path, places: UserDirs, command: Command
) -> None:
    lot = made_lot(tmp_path / "lot", 120)
    for index in range(6):
        stripes(lot / f"stripes-{index}.png", index)
    options = replace(FeatureOptions.at(places), offline=True)
    request = OpenRequest(lot, options, Settings(outlier_groups=False))
    earlier = open_folder(request, SilentReporter()).project
    save_session(tmp_path / "s.dwb", earlier)
    replayed = command("replay", tmp_path / "s.dwb", "--out", tmp_path / "out", "--offline")
    assert replayed.returncode == 0, replayed.stderr
    assert (tmp_path / "out" / "manifest.csv").read_text(encoding="utf-8") == manifest_text(rows(earlier))
    assert {row["outlier_group"] for row in table(tmp_path / "out" / "manifest.csv")} == {""}


def test_images_that_resemble_each_other_and_no_others_are_one_outlier_group(
    tmp_path: Path, command: Command, request: pytest.FixtureRequest
) -> None:
    lot, out, again = made_lot(tmp_path / "lot", 120), tmp_path / "out", tmp_path / "again"
    for index in range(6):
        stripes(lot / f"stripes-{index}.png", index)
    done = command("cluster", lot, "--out", out, "--offline")
    assert done.returncode == 0, done.stderr
    assert "in 1 outlier group)" in done.stdout
    written = {row["path"]: row for row in table(out / "manifest.csv")}
    planted = [row for path, row in written.items() if path.startswith("stripes")]
    assert {(row["outlier"], row["outlier_group"]) for row in planted} == {("true", "1")}
    assert len({row["cluster"] for row in planted}) == 6
    others = [row for path, row in written.items() if not path.startswith("stripes")]
    assert all(row["outlier_group"] == "" for row in others)
    assert "1 outlier group" in (out / "report.html").read_text(encoding="utf-8")
    request.getfixturevalue("small_reports")

    replayed = command("replay", out / "session.dwb", "--out", again)
    assert replayed.returncode == 0, replayed.stderr
    assert (again / "manifest.csv").read_bytes() == (out / "manifest.csv").read_bytes()

    stripes(lot / "stripes-6.png", 6)
    added = command("cluster", lot, "--out", out, "--offline", "--add", "--json")
    assert added.returncode == 0, added.stderr
    assert json.loads(added.stdout)["outlier_groups"] == 1
    assert table(out / "manifest.csv")[-1]["outlier_group"] == "1"
