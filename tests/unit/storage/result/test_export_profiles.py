"""What an export holds: annotation files, the clusters chosen, the manifest."""

import csv
import json
import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from defect_workbench.core.errors import InputError, WorkbenchError
from defect_workbench.core.project.decisions import Group
from defect_workbench.core.project.outlier_decisions import outlier_decisions
from defect_workbench.core.project.splits import SPLITS
from defect_workbench.storage.result.export_options import Split
from defect_workbench.storage.result.result_folder import ExportOptions, Mode, plan_export
from tests.builders import made_project
from tests.unit.storage.exports import do_export, table

pytestmark = pytest.mark.usefixtures("small_reports")


def test_annotation_files_agree_with_the_folders(tmp_path: Path) -> None:
    project = made_project(tmp_path / "lot", (20, 20, 20))
    profile = ExportOptions(Split("random", (50, 25, 25)), ("coco", "csv"))
    do_export(project, tmp_path / "out", profile)
    wanted = {
        row["exported_as"]: row["label"]
        for row in table(tmp_path / "out" / "manifest.csv")
        if row["outlier"] == "false"
    }
    listed = {row["file"]: row["label"] for row in table(tmp_path / "out" / "annotations.csv")}
    assert listed == wanted
    found: dict[str, str] = {}
    categories = []
    for name in SPLITS:
        state = json.loads((tmp_path / "out" / f"annotations-{name}.json").read_text())
        categories.append(state["categories"])
        label_of = {c["id"]: c["name"] for c in state["categories"]}
        file_of = {image["id"]: image for image in state["images"]}
        assert all(file_of[a["image_id"]]["file_name"].startswith(f"{name}/") for a in state["annotations"])
        assert all(image["width"] == 40 and image["height"] == 32 for image in state["images"])
        assert not any("bbox" in a for a in state["annotations"])
        found |= {
            file_of[a["image_id"]]["file_name"]: label_of[a["category_id"]] for a in state["annotations"]
        }
    assert found == wanted
    assert categories[0] == categories[1] == categories[2]


def test_only_confirmed_clusters_get_files_but_every_image_a_row(tmp_path: Path) -> None:
    project = made_project(tmp_path / "lot")
    with pytest.raises(InputError, match="no cluster is confirmed"):
        do_export(project, tmp_path / "out", ExportOptions(confirmed=True))
    decisions, _ = project.decisions.hold(np.arange(8), Group("pits", confirmed=True))
    project = replace(project, decisions=decisions)
    plan = do_export(project, tmp_path / "out", ExportOptions(confirmed=True))
    rows = table(tmp_path / "out" / "manifest.csv")
    assert len(rows) == 19
    assert [row["exported_as"] for row in rows if row["exported_as"]] == [
        f"pits/image-{i:03d}.png" for i in range(8)
    ]
    assert len(list((tmp_path / "out").rglob("*.png"))) == 8
    assert "11 images" in plan.notes[0]


def test_dry_run_shows_counts_bytes_and_collisions(tmp_path: Path) -> None:
    names = ["a/x.png", "b/x.png", *(f"{i}.png" for i in range(10))]
    project = made_project(tmp_path / "lot", (12,), names)
    plan = plan_export(replace(project, clusters=1), tmp_path / "out")
    assert sum(plan.folders.values()) == 12
    assert plan.total_bytes == sum((tmp_path / "lot" / name).stat().st_size for name in names)
    assert plan.collisions == (("b/x.png", plan.collisions[0][1]),)
    assert plan.collisions[0][1].endswith("x~2.png")
    assert not (tmp_path / "out").exists()


def test_paths_and_labels_that_begin_like_formulas_are_written_so_that_nothing_runs_them(
    tmp_path: Path,
) -> None:
    names = ["=1+1.png", "+a.png", "-a/b.png", "@x.png", *(f"{i}.png" for i in range(8))]
    project = replace(made_project(tmp_path / "lot", (12,), names), clusters=1)
    decisions, _ = project.decisions.hold(np.arange(12), Group("=cmd"))
    do_export(replace(project, decisions=decisions), tmp_path / "out")
    with (tmp_path / "out" / "manifest.csv").open(newline="") as stream:
        cells = [cell for line in list(csv.reader(stream))[1:] for cell in line]
    assert not any(cell[:1] in tuple("=+@\t\r") for cell in cells)
    rows = table(tmp_path / "out" / "manifest.csv")
    assert [row["path"] for row in rows][:4] == ["./=1+1.png", "./+a.png", "./-a/b.png", "./@x.png"]
    assert rows[0]["label"] == "'=cmd"
    for row in rows:
        assert (tmp_path / "lot" / row["path"]).read_bytes() == (
            tmp_path / "out" / row["exported_as"]
        ).read_bytes()
    more = made_project(tmp_path / "more", (14,), [*names, "new.png", "newer.png"])
    decisions, _ = more.decisions.hold(np.arange(14), Group("=cmd"))
    plan = do_export(replace(more, clusters=1, decisions=decisions), tmp_path / "out", add=True)
    assert {row.label for row in plan.manifest} == {"=cmd"}


def test_every_outlier_has_a_fate(tmp_path: Path) -> None:
    project = made_project(tmp_path / "lot", (10, 8, 1, 1, 1, 1))
    fates = outlier_decisions(project)
    assert len(fates) >= 4
    assert all(fate.decision.startswith("none") for fate in fates)
    first, second, third, fourth = (fate.image for fate in fates[:4])
    decisions, _ = project.decisions.hold(np.array([first]), Group("odd"))
    decisions, _ = decisions.hold(np.array([second, third]), Group("", nuisance=True))
    decisions = decisions.follow(np.array([fourth]), int(project.partition.clusters[0].members[0]))
    said = {fate.image: fate.decision for fate in outlier_decisions(replace(project, decisions=decisions))}
    assert said[first] == "a separate cluster"
    assert said[second] == "nuisance"
    assert said[fourth] == "moved to a cluster"


def test_links_keep_the_content_that_was_grouped_or_stop(tmp_path: Path) -> None:
    project = made_project(tmp_path / "lot")
    (tmp_path / "lot" / "image-003.png").write_bytes(b"other")
    for mode in (Mode.HARDLINK, Mode.SYMLINK):
        with pytest.raises(WorkbenchError, match="changed after it was read"):
            do_export(project, tmp_path / "out", mode=mode)
    (tmp_path / "lot" / "image-003.png").unlink()
    os.mkfifo(tmp_path / "lot" / "image-003.png")
    with pytest.raises(WorkbenchError, match="not a regular file"):
        do_export(project, tmp_path / "out")
    assert not (tmp_path / "out").exists()
