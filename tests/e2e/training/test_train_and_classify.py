"""Labels to a classifier to sorted lots, by the real command line."""

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from defect_workbench.core.project.class_library import ClassLibrary, KnownClass
from defect_workbench.sample.synthetic import KINDS, Look, render
from defect_workbench.storage.class_library.class_file import export_classes
from defect_workbench.storage.result.manifest import COLUMNS
from defect_workbench.storage.session.session_file import load_session
from defect_workbench.user_dirs import UserDirs
from tests.conftest import GOLDEN
from tests.processes import Command, in_process, run, table

LOOK = Look(size=150, grain=5, grain_scale=2.2, noise=(4, 7), pitch=(17, 21))


def write_kinds(folder: Path, seed: int, kinds: dict[str, int], look: Look = LOOK) -> Path:
    rng = np.random.default_rng(seed)
    for kind, count in kinds.items():
        (folder / kind).mkdir(parents=True, exist_ok=True)
        for index in range(count):
            start = len(list((folder / kind).iterdir()))
            Image.fromarray(render(KINDS[kind], rng, look)).save(folder / kind / f"{start:03d}-{index}.png")
    return folder


@pytest.fixture
def sorted_lot(tmp_path: Path) -> Path:
    return write_kinds(tmp_path / "sorted", 31, {"clean": 8, "pit": 7, "scratch": 7, "residue": 7})


@pytest.mark.whole_job
def test_labels_become_a_classifier_and_sort_a_new_lot(
    sorted_lot: Path, tmp_path: Path, places: UserDirs, with_weights: Path, command: Command
) -> None:
    model = tmp_path / "lot.model"
    done = command(
        "train",
        sorted_lot,
        "--out",
        model,
        "--json",
        "--folds",
        "2",
        "--onnx",
        tmp_path / "heads.onnx",
        "--false-alarms",
        "0.1",
    )
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout)
    assert result["overall"]["accuracy"] > 0.9
    assert set(result["stages"]) == {"defect or clean", "size", "noise", "kind"}
    assert result["stages"]["defect or clean"]["accuracy"] > 0.9
    assert set(result["ablation"]) == {"deep", "texture", "fused"}
    assert (tmp_path / "heads.onnx").stat().st_size > 1000
    report = (tmp_path / "lot.model.html").read_text(encoding="utf-8")
    assert "Worst mistakes" in report
    assert "Reliability" in report
    assert result["false_alarms"] == 0.1
    # Seven or eight images of a label are too few for a threshold of its own.
    assert result["pooled"] == ["clean", "pit", "residue", "scratch"]
    assert "at most 10% of known images" in report

    new = write_kinds(tmp_path / "new", 32, {"clean": 4, "pit": 4, "scratch": 4, "residue": 4})
    out = tmp_path / "out"
    export_classes(places.classes, ClassLibrary((KnownClass("pit", definition="A hole in the film"),)))
    done = run("classify", new, "--model", model, "--out", out, "--json")
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)
    rows = table(out / "manifest.csv")
    assert list(rows[0])[9:12] == ["stage_path", "probability", "known"]
    assert (*list(rows[0])[:9], *list(rows[0])[12:]) == COLUMNS.names
    known = [row for row in rows if row["known"] == "true"]
    assert said["unknown"] == len(rows) - len(known)
    assert sum(said["labels"].values()) == len(known)
    assert sum(row["label"] == row["path"].split("/")[0] for row in known) >= 0.9 * len(known)
    assert all((row["outlier"] == "true") == (row["known"] == "false") for row in rows)
    assert all((out / row["exported_as"]).is_file() for row in rows)
    assert all(row["stage_path"].endswith(row["label"]) for row in known)
    assert "A hole in the film" in (out / "report.html").read_text(encoding="utf-8")
    project = load_session(out / "session.dwb")
    labels = {cluster.label for cluster in project.partition.clusters}
    assert labels == {row["label"] for row in known}
    assert not any(group.confirmed for group in project.decisions.groups.values())
    assert len(project.partition.outliers) == said["unknown"]

    assert said["false_alarms"] == 0.1
    assert said["threshold"] > 0
    fewer = command(
        "classify", new, "--model", model, "--out", tmp_path / "fewer", "--json", "--false-alarms", "0.001"
    )
    assert fewer.returncode == 0, fewer.stderr
    fewer_said = json.loads(fewer.stdout)
    assert (fewer_said["unknown"], fewer_said["false_alarms"], fewer_said["threshold"]) == (0, 0.001, None)

    again = command("classify", new, "--model", model, "--out", tmp_path / "again", "--json")
    assert again.returncode == 0
    assert (tmp_path / "again" / "manifest.csv").read_bytes() == (out / "manifest.csv").read_bytes()

    # What was sorted is a folder to learn from: the outliers are no class.
    learnt = command("train", out, "--out", tmp_path / "second.model", "--json", "--folds", "2")
    assert learnt.returncode == 0, learnt.stderr
    assert set(json.loads(learnt.stdout)["classes"]) == {row["label"] for row in known}

    places.weights.unlink()
    refused = command("classify", new, "--model", model, "--out", tmp_path / "none", "--offline")
    assert refused.returncode == 1
    assert "there are no network weights" in refused.stderr
    assert not (tmp_path / "none").exists()


STAGES = """
[[stage]]
name = "defect or clean"
[[stage.outcome]]
name = "clean"
folders = ["clean"]
[[stage.outcome]]
name = "defect"
next = "size"
[[stage]]
name = "size"
kind = "size"
next = "noise"
[[stage.outcome]]
name = "small"
folders = ["small-particle"]
[[stage]]
name = "noise"
kind = "noise"
threshold = 13
denoise = "median"
next = "kind"
[[stage]]
name = "kind"
rest = true
inputs = ["defect or clean", "size"]
"""


def test_every_stage_is_learnt_and_judged_also_without_weights(tmp_path: Path, command: Command) -> None:
    """Sizes and noise are decided by measurement, on a generator look of its own."""
    quiet = {"clean": 12, "small-particle": 14, "large-particle": 10, "pit": 10}
    folder = write_kinds(tmp_path / "sorted", 41, quiet)
    noisy = Look(size=150, grain=5, grain_scale=2.2, noise=(20, 24))
    write_kinds(folder, 42, {"large-particle": 5, "pit": 5}, noisy)
    (tmp_path / "stages.toml").write_text(STAGES, encoding="utf-8")
    model = tmp_path / "m"
    stages = tmp_path / "stages.toml"
    options = ("--offline", "--json", "--folds", "3")
    done = command("train", folder, "--out", model, "--taxonomy", stages, *options)
    assert done.returncode == 0, done.stderr
    assert "only texture and Zernike features" in done.stderr
    result = json.loads(done.stdout)
    assert result["backbone"] is None
    assert list(result["ablation"]) == ["texture"]
    found = result["stages"]
    assert found["size"]["accuracy"] > 0.85
    # Some of the noisy ones are called clean or small before their noise is measured.
    assert 1 <= found["noise"]["outcomes"]["denoised"] <= 10
    assert sum(found["noise"]["outcomes"].values()) < result["images"]
    assert all(0.5 < each["disagreeing"] <= 1 for each in result["labels_to_check"])
    assert found["defect or clean"]["accuracy"] > 0.85
    assert result["overall"]["accuracy"] > 0.6

    done = command("classify", folder, "--model", model, "--out", tmp_path / "out", "--offline", "--json")
    assert done.returncode == 0, done.stderr
    rows = table(tmp_path / "out" / "manifest.csv")
    assert any(" > denoised > " in row["stage_path"] for row in rows)
    assert any(row["stage_path"] == "defect > small-particle" for row in rows)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["train", "{lot}", "--out", "{there}"], "already exists"),
        (["train", "{lot}/pit", "--out", "{new}"], "has no class folders with images"),
        (["train", "{lot}", "--out", "{new}", "--folds", "1"], "number of folds must be"),
        (["train", "{lot}", "--out", "{new}", "--taxonomy", "{there}"], "stage"),
        (["train", "{lot}", "--out", "{new}", "--group-by", "("], "regular expression"),
        (["train", "{gone}", "--out", "{new}"], "there is no folder"),
        (["classify", "{lot}", "--model", "{there}", "--out", "{new}"], "not a model"),
        (["classify", "{lot}", "--model", "{gone}", "--out", "{new}"], "does not exist"),
        (["train", "{lot}", "--out", "{new}", "--false-alarms", "0.6"], "above 0 and at most 0.5"),
        (
            ["classify", "{lot}", "--model", "{old}", "--out", "{new}", "--false-alarms", "0.05"],
            "train it again",
        ),
    ],
)
def test_bad_input_costs_nothing(
    tmp_path: Path,
    places: UserDirs,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    words: str,
) -> None:
    lot = write_kinds(tmp_path / "lot", 1, {"pit": 2, "clean": 2})
    there = tmp_path / "there"
    there.write_text("x = 1", encoding="utf-8")
    names = {"lot": lot, "there": there, "new": tmp_path / "new", "gone": tmp_path / "gone"}
    names["old"] = GOLDEN / "staged.model"
    given = [argument.format(**names) for argument in arguments]
    done = in_process([*given, "--offline"], places, capsys)
    assert done.returncode == 2, done.stderr
    assert words in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "new").exists()
    assert there.read_text(encoding="utf-8") == "x = 1"
