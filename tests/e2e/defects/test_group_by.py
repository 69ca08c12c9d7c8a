"""Grouping by the defect through the command line, with real weights: references, clean images, neither."""

from __future__ import annotations

import csv
import json
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from sklearn.metrics import adjusted_rand_score

from defect_workbench.core.clustering.clustering_result import Settings
from defect_workbench.core.clustering.feature_blocks import DEFECT, BlockWeights, foreground_version_of
from defect_workbench.core.clustering.group_by import GroupBy
from defect_workbench.core.images.preprocessing_steps import Denoise, Preprocessing
from defect_workbench.core.progress import SilentReporter
from defect_workbench.storage.session.session_file import load_session, save_session
from defect_workbench.user_dirs import UserDirs
from defect_workbench.workflows.extract import FeatureOptions
from defect_workbench.workflows.open_project import OpenRequest, open_folder
from defect_workbench.workflows.regroup import regroup
from tests.processes import Command
from tests.quality.wafers import LOOKS, wafer

KINDS, BACKGROUNDS = ("scratch", "residue", "pit"), ("lines", "holes", "blank")


@pytest.fixture(scope="module")
def lot(once_per_run: Callable[[str, Callable[[Path], None]], Path]) -> Path:
    """Three kinds of defect on three backgrounds, with references and clean images; read-only."""
    return once_per_run("wafers", write_lot)


def write_lot(root: Path) -> None:
    for number, kind in enumerate(KINDS):
        for place, background in enumerate(BACKGROUNDS):
            for copy in range(2):
                made = wafer(kind, background, LOOKS["fine-quiet"], 100 * number + 10 * place + copy)
                for folder, pixels in (("images", made.image), ("golden", made.reference)):
                    path = root / folder / f"{kind}_{background}_{copy}.png"
                    path.parent.mkdir(exist_ok=True)
                    Image.fromarray(pixels).save(path)
    for place, background in enumerate(BACKGROUNDS):
        for copy in range(3):
            (root / "clean").mkdir(exist_ok=True)
            made = wafer("clean", background, LOOKS["fine-quiet"], 900 + 10 * place + copy)
            Image.fromarray(made.image).save(root / "clean" / f"{background}_{copy}.png")


def manifest(out: Path) -> list[dict[str, str]]:
    with open(out / "manifest.csv", newline="") as stream:
        return list(csv.DictReader(stream))


def agreement(rows: Sequence[dict[str, str]], part: int) -> float:
    """Return how far the clusters agree with a part of the file names."""
    kept = [row for row in rows if row["outlier"] == "false"]
    return float(
        adjusted_rand_score([row["path"].split("_")[part] for row in kept], [row["cluster"] for row in kept])
    )


@pytest.mark.whole_job
@pytest.mark.usefixtures("with_weights", "small_batches", "small_reports")
def test_kinds_are_grouped_with_references_and_backgrounds_without(
    lot: Path, tmp_path: Path, command: Command
) -> None:
    run = ("cluster", lot / "images", "--offline", "--cut", "3", "--json")
    picture = command(*run, "--out", tmp_path / "picture", "--group-by", "picture")
    facts = json.loads(picture.stdout)
    assert facts["group_by"] == {"chosen": "picture", "why": "set by the user"}
    assert facts["map_source"] is None
    assert {row["strangeness"] for row in manifest(tmp_path / "picture")} == {""}
    assert agreement(manifest(tmp_path / "picture"), 1) > 0.5

    out = tmp_path / "defect"
    found = command(*run, "--out", out, "--group-by", "defect", "--reference", lot / "golden", "--maps")
    facts = json.loads(found.stdout)
    assert facts["group_by"]["chosen"] == "defect"
    assert facts["map_source"] == "reference"
    assert facts["seconds"]["map"] > 0
    rows = manifest(out)
    assert list(rows[0])[-1] == "strangeness"
    assert agreement(rows, 0) > 0.6 > 0.2 > agreement(rows, 1)
    assert min(float(row["strangeness"]) for row in rows) > 1
    for row in rows:
        image = np.asarray(Image.open(lot / "images" / row["path"]))
        shown = np.asarray(Image.open(out / "_maps" / f"{row['path']}.png"))
        assert shown.shape == image.shape
        assert shown.max() > 60
    # Undo removes the maps, too, and replay repeats them.
    again = command("replay", out / "session.dwb", "--out", tmp_path / "again", "--offline")
    assert again.returncode == 0
    assert (tmp_path / "again" / "manifest.csv").read_text() == (out / "manifest.csv").read_text()
    assert command("export", "--undo", out).returncode == 0
    assert not out.exists()


@pytest.mark.slow
@pytest.mark.usefixtures("with_weights", "small_batches", "small_reports")
def test_clean_images_and_an_image_without_a_reference(lot: Path, tmp_path: Path, command: Command) -> None:
    few = tmp_path / "few"
    golden = tmp_path / "golden"
    for folder in (few, golden):
        folder.mkdir()
    for path in sorted((lot / "images").glob("*_lines_[01]*")):
        shutil.copy(path, few)
    for path in sorted((lot / "golden").glob("*_lines_0*")):
        shutil.copy(path, golden)
    (golden / "pit_lines_1.png").write_bytes(b"no image")
    options = ("--group-by", "both", "--offline", "--json")
    clean = command("cluster", few, "--out", tmp_path / "a", "--clean", lot / "clean", *options)
    assert json.loads(clean.stdout)["map_source"] == "clean"
    assert sum(json.loads(clean.stdout)["weights"][name] for name in ("defect", "foreground")) == 0.5
    # An image is compared with every clean image, also the one whose number is its own.
    alone_clean = tmp_path / "one"
    alone_clean.mkdir()
    shutil.copy(lot / "clean" / "lines_0.png", alone_clean)
    command("cluster", few, "--out", tmp_path / "d", "--clean", alone_clean, *options)
    assert min(float(row["strangeness"]) for row in manifest(tmp_path / "d")) > 0
    partly = command("cluster", few, "--out", tmp_path / "b", "--reference", golden, *options)
    assert json.loads(partly.stdout)["map_source"] == "reference"
    assert "1 golden reference cannot be used; first: pit_lines_1.png" in partly.stderr
    assert "3 images of 6 have no golden reference" in partly.stderr
    alone = command("cluster", few, "--out", tmp_path / "c", *options)
    assert json.loads(alone.stdout)["map_source"] == "self"


def _textures(folder: Path) -> Path:
    """Fill a folder with random blocks, half of them with a white square, half with a black one."""
    rng = np.random.default_rng(4)
    folder.mkdir()
    for number in range(20):
        blocks = rng.integers(60, 200, (14, 14)).repeat(8, 0).repeat(8, 1)
        blocks[40:52, 40:52] = 255 * (number % 2)
        Image.fromarray(blocks.astype(np.uint8)).save(folder / f"{number:02d}.png")
    return folder


@pytest.mark.usefixtures("with_weights", "small_batches", "small_reports")
def test_textures_are_grouped_by_picture_and_rare_places(tmp_path: Path, command: Command) -> None:
    run = ("cluster", _textures(tmp_path / "lot"), "--offline", "--cut", "2", "--json")
    facts = json.loads(command(*run, "--out", tmp_path / "out").stdout)
    assert facts["group_by"]["chosen"] == "both"
    assert facts["map_source"] == "self"
    assert facts["weights"]["deep"] == 0.6
    assert facts["weights"]["defect"] == pytest.approx(0.4)
    assert min(float(row["strangeness"]) for row in manifest(tmp_path / "out")) > 1


@pytest.mark.slow
@pytest.mark.usefixtures("with_weights", "small_batches", "small_reports")
def test_rare_places_stay_so_with_other_weights_and_when_replayed(
    tmp_path: Path, places: UserDirs, command: Command
) -> None:
    run = ("cluster", _textures(tmp_path / "lot"), "--offline", "--cut", "2", "--json")
    assert command(*run, "--out", tmp_path / "out").returncode == 0
    project = load_session(tmp_path / "out" / "session.dwb")
    options = FeatureOptions.at(places, offline=True)
    weights = BlockWeights({"deep": 0.2, "defect": 0.8}, "set by the user")
    settings = replace(project.analysis.settings, weights=weights)
    save_session(tmp_path / "other.dwb", regroup(project, settings, options, SilentReporter()))
    ended = command("replay", tmp_path / "other.dwb", "--out", tmp_path / "other", "--offline")
    assert ended.returncode == 0, ended.stderr
    compared = command(*run, "--out", tmp_path / "others", "--group-by", "both")
    assert json.loads(compared.stdout)["map_source"] == "others"


def denoised_before_mapping(identity: Mapping[str, Any]) -> str:
    return str(identity[DEFECT]["processing"]["denoise"])


@pytest.mark.parametrize(
    ("earlier", "denoise", "read", "versions"),
    [
        (
            {"foreground_version": "foreground-v1"},
            "none",
            foreground_version_of,
            ["foreground-v1", "foreground-v2"],
        ),
        ({"maps_denoised": True}, "median", denoised_before_mapping, ["median", "none"]),
    ],
    ids=["first foreground", "maps of denoised images"],
)
@pytest.mark.usefixtures("with_weights", "small_batches", "small_reports")
def test_a_project_of_an_earlier_version_keeps_its_maps_and_a_new_one_has_the_newest(
    earlier: dict[str, Any],
    denoise: Denoise,
    read: Callable[[Mapping[str, Any]], str],
    versions: list[str],
    lot: Path,
    tmp_path: Path,
    places: UserDirs,
    command: Command,
) -> None:
    few = tmp_path / "few"
    few.mkdir()
    for path in sorted((lot / "images").glob("*_lines_*")):
        shutil.copy(path, few)
    processing = Preprocessing(denoise=denoise)
    options = replace(FeatureOptions.at(places, offline=True, processing=processing), **earlier)
    settings = Settings(group_by=GroupBy.DEFECT, processing=processing)
    save_session(
        tmp_path / "earlier.dwb", open_folder(OpenRequest(few, options, settings), SilentReporter()).project
    )
    # Its strangeness is in the manifest, and another version would give another one.
    done = command("replay", tmp_path / "earlier.dwb", "--out", tmp_path / "again", "--offline")
    assert done.returncode == 0, done.stderr
    new = command(
        "cluster", few, "--out", tmp_path / "new", "--offline", "--group-by", "defect", "--denoise", denoise
    )
    assert new.returncode == 0, new.stderr
    found = [
        read(load_session(tmp_path / name / "session.dwb").analysis.identity) for name in ("again", "new")
    ]
    assert found == versions
    strange = [[row["strangeness"] for row in manifest(tmp_path / name)] for name in ("again", "new")]
    assert strange[0] != strange[1]


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        (("--reference", "nowhere"), "--reference nowhere: there is no such folder"),
        (("--clean", "nowhere"), "--clean nowhere: there is no such folder"),
        (("--reference", ".", "--clean", "."), "--reference and --clean: give one of them"),
        (("--group-by", "defect"), "mapping defects needs network weights"),
        (("--group-by", "shape"), "invalid choice"),
    ],
)
def test_what_cannot_be_used_is_reported_at_once(
    options: tuple[str, ...], reason: str, lot: Path, tmp_path: Path, command: Command
) -> None:
    ended = command("cluster", lot / "clean", "--out", tmp_path / "out", "--offline", *options)
    assert ended.returncode in (1, 2)
    assert reason in ended.stderr
    assert "Traceback" not in ended.stderr
    assert not (tmp_path / "out").exists()
