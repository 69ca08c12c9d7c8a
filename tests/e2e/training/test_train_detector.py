"""Training, using and evaluating a detector through the command line."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from defect_workbench.user_dirs import HOME_VARIABLE
from tests.processes import COMMAND, Command, run, table
from tests.unit.detection.boards import board

pytestmark = pytest.mark.whole_job


def _boards(root: Path) -> None:
    """Fill a folder with images, golden references and boxes: 0 to 2 defects of two kinds."""
    rng = np.random.default_rng(5)
    for number in range(8):
        places = [(int(rng.integers(20, 230)), int(rng.integers(20, 230))) for _ in range(number % 3)]
        # Large enough for the network, so that images are enlarged only to the size of a crop.
        made = board(places, seed=number, radius=12, noise=2)
        for folder, pixels in (("images", made.image), ("golden", made.reference)):
            (root / folder).mkdir(exist_ok=True)
            Image.fromarray(pixels).save(root / folder / f"{number}.png")
        (root / "boxes").mkdir(exist_ok=True)
        lines = [f"{b.x1} {b.y1} {b.x2} {b.y2} {'pit' if i else 'bump'}\n" for i, b in enumerate(made.boxes)]
        (root / "boxes" / f"{number}.txt").write_text("".join(lines))


def _arguments(root: Path, out: Path) -> tuple[str | Path, ...]:
    return ("train-detector", root / "images", "--boxes", root / "boxes", "--out", out)


@pytest.fixture(scope="session")
def trained(once_per_run: Callable[[str, Callable[[Path], None]], Path], weights_folder: Path) -> Path:
    """A folder with boards, and a detector that saw each of them once; read-only."""

    def fill(folder: Path) -> None:
        _boards(folder)
        home = folder / "home"
        home.mkdir()
        (home / "weights").symlink_to(weights_folder)
        options = ("--reference", folder / "golden", "--epochs", "1", "--json")
        done = run(*_arguments(folder, folder / "model.dwd"), *options, **{HOME_VARIABLE: str(home)})
        assert done.returncode == 0, done.stderr
        (folder / "result.json").write_text(done.stdout)
        (folder / "messages.txt").write_text(done.stderr)

    return once_per_run("detector", fill)


def test_training_says_what_it_was_trained_on(trained: Path) -> None:
    facts = json.loads((trained / "result.json").read_text())
    assert (facts["images"], facts["held_out"]) == (6, 2)
    assert facts["labels"] == {"bump": 5, "pit": 2}
    assert (facts["with_references"], facts["scale"], facts["resumed_at"]) == (True, 1.25, 0)
    assert 0 < facts["threshold"] < 1
    assert facts["curve"][-1]["epoch"] == facts["epochs"] >= 1
    assert "count_mae" in facts["figures"]
    assert "only 2 boxes of pit" in (trained / "messages.txt").read_text()
    assert not (trained / "model.dwd.unfinished").exists()


def test_a_detector_detects_and_is_evaluated(trained: Path, tmp_path: Path, command: Command) -> None:
    options = ("--model", trained / "model.dwd", "--reference", trained / "golden")
    done = command("detect", trained / "images", "--out", tmp_path / "out", *options, "--json")
    assert done.returncode == 0, done.stderr
    facts = json.loads(done.stdout)
    assert set(facts["labels"]) == {"bump", "pit"}
    assert facts["model"] == str(trained / "model.dwd")
    assert (tmp_path / "out" / "counts.csv").read_text().split("\n")[0] == "path,count,bump,pit"
    counts = table(tmp_path / "out" / "counts.csv")
    assert len(counts) == 8
    assert sum(int(row["count"]) for row in counts) == facts["defects"]
    done = command("evaluate-detector", trained / "images", "--boxes", trained / "boxes", *options, "--json")
    judged = json.loads(done.stdout)
    assert judged["detections"] == facts["defects"]
    assert judged["boxes"] == 7
    assert 0 <= judged["ap50"] <= judged["ap33"] <= 1


def test_boxes_of_other_kinds_are_judged_by_place(trained: Path, tmp_path: Path, command: Command) -> None:
    images, boxes = tmp_path / "images", tmp_path / "boxes"
    images.mkdir()
    boxes.mkdir()
    for name in ("1", "5"):
        (images / f"{name}.png").write_bytes((trained / "images" / f"{name}.png").read_bytes())
        text = (trained / "boxes" / f"{name}.txt").read_text()
        (boxes / f"{name}.txt").write_text(text.replace("bump", "5").replace("pit", "6"))
    options = ("--model", trained / "model.dwd", "--reference", trained / "golden")
    done = command("evaluate-detector", images, "--boxes", boxes, *options)
    assert done.returncode == 0, done.stderr
    assert "the boxes have other kinds (5, 6) than the detector (bump, pit)" in done.stderr
    assert "classical finder: 1.000" in done.stdout


def test_images_without_their_reference_are_listed(trained: Path, tmp_path: Path, command: Command) -> None:
    golden = tmp_path / "golden"
    golden.mkdir()
    (golden / "3.png").write_bytes((trained / "golden" / "3.png").read_bytes())
    options = ("--model", trained / "model.dwd", "--reference", golden)
    done = command("detect", trained / "images", "--out", tmp_path / "out", *options)
    assert done.returncode == 0, done.stderr
    assert [row["path"] for row in table(tmp_path / "out" / "counts.csv")] == ["3.png"]
    reasons = {row["reason"] for row in table(tmp_path / "out" / "rejected.csv")}
    assert reasons == {"the model needs its golden reference: it has none"}


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (
            ["detect", "{t}/images", "--out", "out", "--model", "{t}/model.dwd"],
            "give the folder of references",
        ),
        (["detect", "{t}/images", "--out", "out", "--model", "no.dwd"], "the model no.dwd does not exist"),
        (["detect", "{t}/images", "--out", "out", "--model", "{t}/boxes/1.txt"], "is not a model"),
        (
            ["classify", "{t}/images", "--out", "out", "--model", "{t}/model.dwd"],
            "detector, not a classifier",
        ),
        (
            ["train-detector", "{t}/images", "--boxes", "{t}/boxes", "--out", "{t}/model.dwd"],
            "already exists, so nothing was written",
        ),
        (
            ["train-detector", "{t}/images", "--boxes", "{t}/boxes", "--out", "m.dwd", "--epochs", "0"],
            "give a whole number above 0",
        ),
        (
            ["train-detector", "{t}/images", "--boxes", "{t}/boxes/1.txt", "--out", "m.dwd"],
            "training needs at least 4",
        ),
        (
            ["train-detector", "{t}/images", "--boxes", "{t}/golden", "--out", "m.dwd"],
            "contains no box file",
        ),
    ],
)
def test_what_cannot_be_done_is_refused(
    arguments: list[str],
    words: str,
    trained: Path,
    tmp_path: Path,
    command: Command,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    done = command(*(each.replace("{t}", str(trained)) for each in arguments))
    assert done.returncode == 2
    assert words in done.stderr
    assert {path.name for path in tmp_path.iterdir()} <= {"home"}


@pytest.mark.slow
def test_ctrl_c_keeps_the_state_and_resume_ends_the_training(
    trained: Path, tmp_path: Path, with_weights: Path, home: Path, command: Command
) -> None:
    out = tmp_path / "model.dwd"
    arguments = _arguments(trained, out)
    command_line = [*COMMAND, *map(str, arguments), "--epochs", "8"]
    process = subprocess.Popen(
        command_line, stderr=subprocess.PIPE, text=True, env={**os.environ, HOME_VARIABLE: str(home)}
    )
    assert process.stderr is not None
    while "Training the detector" not in process.stderr.readline():
        assert process.poll() is None
    process.send_signal(signal.SIGINT)
    _, message = process.communicate(timeout=120)
    assert process.returncode == 130, message
    assert not out.exists()
    unfinished = tmp_path / "model.dwd.unfinished"
    assert unfinished.exists()

    done = command(*arguments, "--epochs", "8")
    assert done.returncode == 2
    assert "give --resume to continue it" in done.stderr
    done = command(*arguments, "--epochs", "9", "--resume")
    assert done.returncode == 2
    assert "is a training of other images, boxes, weights or options" in done.stderr
    done = command(*arguments, "--epochs", "8", "--resume", "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["epochs"] == 8.0
    assert out.exists()
    assert not unfinished.exists()
