"""Finding, counting and evaluating defects through the command line."""

from __future__ import annotations

import csv
import json
import os
import signal
import subprocess
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from defect_workbench.storage.boxes.formats.registry import BOX_FORMATS
from tests.conftest import SHARED_DATA
from tests.processes import COMMAND, Command, table
from tests.unit.detection.boards import board

PLACES = {
    "lot/one": [(40, 60)],
    "lot/three": [(40, 60), (130, 150), (200, 90)],
    "two": [(60, 200), (200, 90)],
    "none": [],
}


@pytest.fixture(scope="module")
def boards(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Four boards with 0 to 3 defects, their references, boxes and a damaged file."""
    root = tmp_path_factory.mktemp("boards")
    for seed, (name, places) in enumerate(PLACES.items()):
        made = board(places, seed=seed, shift=(0.6, -1.2))
        for folder, pixels in (("images", made.image), ("golden", made.reference)):
            path = root / folder / f"{name}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(pixels).save(path)
        lines = [f"{b.x1} {b.y1} {b.x2} {b.y2} {i + 1}" for i, b in enumerate(made.boxes)]
        path = root / "boxes" / f"{name}.txt"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("".join(f"{line}\n" for line in lines))
    (root / "images" / "damaged.png").write_bytes(b"not an image")
    return root


def test_detect_writes_boxes_counts_and_rejected_files(
    boards: Path, tmp_path: Path, command: Command
) -> None:
    out = tmp_path / "out"
    options = ("--reference", boards / "golden", "--overlays", "--json")
    done = command("detect", boards / "images", "--out", out, *options)
    assert done.returncode == 0, done.stderr
    facts = json.loads(done.stdout)
    assert (facts["images"], facts["rejected"], facts["defects"], facts["clean_images"]) == (4, 1, 6, 1)
    assert facts["with_reference"] == 4
    assert (out / "detections.csv").read_text().split("\n")[0] == "path,label,score,x1,y1,x2,y2,area"
    assert (out / "counts.csv").read_text().split("\n")[0] == "path,count,defect"
    counts = {row["path"]: (row["count"], row["defect"]) for row in table(out / "counts.csv")}
    assert counts == {f"{name}.png": (str(len(p)), str(len(p))) for name, p in PLACES.items()}
    rows = table(out / "detections.csv")
    assert {row["label"] for row in rows} == {"defect"}
    (one,) = [row for row in rows if row["path"] == "lot/one.png"]
    assert float(one["x1"]) < 60 < float(one["x2"])
    assert float(one["y1"]) < 40 < float(one["y2"])
    assert [row["path"] for row in table(out / "rejected.csv")] == ["damaged.png"]
    with Image.open(out / "_overlays" / "lot" / "three.png.png") as overlay:
        assert overlay.size == (256, 256)
    assert sorted(path.name for path in out.iterdir()) == [
        "_overlays",
        "counts.csv",
        "detections.csv",
        "rejected.csv",
    ]


@pytest.mark.parametrize("name", BOX_FORMATS.names)
def test_boxes_for_other_programs_are_read_back(
    name: str, boards: Path, tmp_path: Path, command: Command
) -> None:
    options = ("--reference", boards / "golden")
    command("detect", boards / "images", "--out", tmp_path / "out", *options, "--boxes-as", name)
    boxes = tmp_path / "out" / "_boxes"
    done = command("evaluate-detector", boards / "images", "--boxes", boxes, *options, "--json")
    facts = json.loads(done.stdout)
    assert (facts["format"], facts["images"], facts["boxes"]) == (name, 4, 6)
    assert facts["recall"] == facts["precision"] == 1
    assert facts["ap"] == pytest.approx(1)


def test_two_runs_write_the_same_bytes(boards: Path, tmp_path: Path, command: Command) -> None:
    for name in ("first", "second"):
        command("detect", boards / "images", "--out", tmp_path / name, "--reference", boards / "golden")
    for file in ("detections.csv", "counts.csv", "rejected.csv"):
        assert (tmp_path / "first" / file).read_bytes() == (tmp_path / "second" / file).read_bytes()


def test_a_folder_that_is_not_empty_is_left_alone(boards: Path, tmp_path: Path, command: Command) -> None:
    (tmp_path / "note.txt").write_text("mine")
    done = command("detect", boards / "images", "--out", tmp_path)
    assert done.returncode == 2
    assert "is not empty, so nothing was written" in done.stderr
    assert {path.name for path in tmp_path.iterdir()} <= {"note.txt", "home"}


def test_a_result_inside_the_folder_of_images_is_not_searched_again(
    boards: Path, tmp_path: Path, command: Command
) -> None:
    folder = tmp_path / "images"
    (folder / "lot").mkdir(parents=True)
    for name in ("none", "two"):
        (folder / f"{name}.png").write_bytes((boards / "images" / f"{name}.png").read_bytes())
    command("detect", folder, "--out", folder / "found", "--overlays")
    done = command("detect", folder, "--out", tmp_path / "again", "--json")
    assert json.loads(done.stdout)["images"] == 2


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--model", "detector.dwd"], "the model detector.dwd does not exist"),
        (["--reference", "absent"], "there is no such folder"),
        (["--reference", "{boards}/boxes"], "should contain the golden references"),
    ],
)
def test_detect_refuses_what_it_cannot_do(
    options: list[str], words: str, boards: Path, tmp_path: Path, command: Command
) -> None:
    given = [option.replace("{boards}", str(boards)) for option in options]
    done = command("detect", boards / "images", "--out", tmp_path / "out", *given)
    assert done.returncode == 2
    assert words in done.stderr
    assert not (tmp_path / "out").exists()


def test_an_image_without_a_reference_is_searched_and_reported(
    boards: Path, tmp_path: Path, command: Command
) -> None:
    golden = tmp_path / "golden"
    golden.mkdir()
    (golden / "two.png").write_bytes((boards / "golden" / "two.png").read_bytes())
    done = command("detect", boards / "images", "--out", tmp_path / "out", "--reference", golden, "--json")
    assert json.loads(done.stdout)["with_reference"] == 1
    assert "3 images of 4 have no usable golden reference" in done.stderr


def test_the_evaluation_reports_every_figure(boards: Path, command: Command) -> None:
    options = ("--boxes", boards / "boxes", "--reference", boards / "golden")
    done = command("evaluate-detector", boards / "images", *options, "--json")
    assert done.returncode == 0, done.stderr
    facts = json.loads(done.stdout)
    assert facts["format"] == "xyxy"
    assert (facts["images"], facts["boxes"], facts["detections"]) == (4, 6, 6)
    assert facts["recall"] == facts["precision"] == facts["count_exact"] == facts["ap33"] == 1
    assert facts["count_mae"] == 0
    assert facts["median_guess_mae"] == 1
    assert set(facts["intervals"]) >= {"ap", "ap50", "ap33", "recall", "precision", "count_mae"}
    assert facts["recall_of"]["1"] == {"boxes": 3, "recall": 1}
    assert facts["problems"] == []
    text = command("evaluate-detector", boards / "images", *options).stdout
    assert "6 defects found in 4 images with 6 boxes" in text
    assert "count: mean absolute error of always guessing the median" in text


def test_wrong_boxes_are_listed_and_the_rest_is_evaluated(
    boards: Path, tmp_path: Path, command: Command
) -> None:
    boxes = tmp_path / "boxes"
    boxes.mkdir()
    (boxes / "two.txt").write_text((boards / "boxes" / "two.txt").read_text() + "50 50 40 40 1\nword\n")
    done = command("evaluate-detector", boards / "images", "--boxes", boxes, "--json")
    facts = json.loads(done.stdout)
    assert (facts["images"], facts["boxes"], facts["without_boxes"]) == (1, 2, 3)
    assert [(p["file"], p["line"]) for p in facts["problems"]][:2] == [("two.txt", 3), ("two.txt", 4)]
    assert "two.txt:3: the box (50, 50) to (40, 40) is inverted" in done.stderr


def test_errors_are_written_as_a_table_and_pictures(boards: Path, tmp_path: Path, command: Command) -> None:
    boxes = tmp_path / "boxes"
    boxes.mkdir()
    # The defects of two.png moved away: two are missed and two invented.
    (boxes / "two.txt").write_text("10 10 30 30 bump\n10 200 30 220 bump\n")
    options = ("--boxes", boxes, "--reference", boards / "golden", "--errors", tmp_path / "errors")
    done = command("evaluate-detector", boards / "images", *options)
    assert done.returncode == 0, done.stderr
    rows = table(tmp_path / "errors" / "errors.csv")
    assert sorted((row["error"], row["found"], row["marked"]) for row in rows) == [
        ("invented", "defect", ""),
        ("invented", "defect", ""),
        ("missed", "", "bump"),
        ("missed", "", "bump"),
    ]
    with Image.open(tmp_path / "errors" / "two.png.png") as picture:
        assert min(picture.size) >= 640
        assert np.ptp(np.asarray(picture), axis=2).any()  # something is drawn on the grey image
    done = command("evaluate-detector", boards / "images", *options)
    assert done.returncode == 2
    assert "is not empty, so nothing was written" in done.stderr


def test_boxes_of_other_images_are_refused(boards: Path, tmp_path: Path, command: Command) -> None:
    (tmp_path / "boxes").mkdir()
    (tmp_path / "boxes" / "other.txt").write_text("1 2 30 40 1\n")
    done = command("evaluate-detector", boards / "images", "--boxes", tmp_path / "boxes")
    assert done.returncode == 2
    assert "box files need the same relative path or the same file name" in done.stderr


def test_ctrl_c_leaves_nothing_behind(boards: Path, tmp_path: Path) -> None:
    folder = tmp_path / "many"
    folder.mkdir()
    for number in range(400):
        os.link(boards / "images" / "two.png", folder / f"{number}.png")
    arguments = [*COMMAND, "detect", str(folder), "--out", str(tmp_path / "out")]
    process = subprocess.Popen(arguments, stderr=subprocess.PIPE, text=True)
    assert process.stderr is not None
    while "Searching for defects" not in process.stderr.readline():
        assert process.poll() is None
    process.send_signal(signal.SIGINT)
    _, message = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "cancelled" in message
    assert not (tmp_path / "out").exists()
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".out")] == []


def test_tables_are_safe_for_spreadsheets(tmp_path: Path, command: Command, boards: Path) -> None:
    folder = tmp_path / "images"
    folder.mkdir()
    (folder / "=cmd.png").write_bytes((boards / "images" / "two.png").read_bytes())
    command("detect", folder, "--out", tmp_path / "out")
    with (tmp_path / "out" / "counts.csv").open(newline="") as stream:
        assert next(csv.DictReader(stream))["path"] == "./=cmd.png"


@pytest.mark.slow
def test_the_goals_are_met_on_real_boards(tmp_path: Path, command: Command) -> None:
    source = SHARED_DATA / "deeppcb-boards"
    if not source.is_dir():
        pytest.skip(f"no labelled boards at {source}")
    for path in sorted((source / "images").iterdir())[-50:]:
        for folder, name in (("images", path.name), ("boxes", f"{path.stem}.txt")):
            (tmp_path / folder).mkdir(exist_ok=True)
            (tmp_path / folder / name).symlink_to(source / folder / name)
    options = ("--boxes", tmp_path / "boxes", "--reference", source / "templates", "--json")
    facts = json.loads(command("evaluate-detector", tmp_path / "images", *options).stdout)
    assert facts["images"] == 50
    assert facts["recall"] >= 0.9
    assert facts["count_mae"] <= 1.0
