"""Adding to an earlier export."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from defect_workbench.core.errors import InputError
from defect_workbench.core.project.decisions import Group
from defect_workbench.core.project.project_state import Project
from defect_workbench.core.result_files import RECEIPT
from defect_workbench.storage.result.export_options import Split
from defect_workbench.storage.result.result_folder import ExportOptions, plan_export
from defect_workbench.storage.session.session_file import load_session
from tests.builders import made_project, picture
from tests.unit.storage.exports import do_export, table, tree

pytestmark = pytest.mark.usefixtures("small_reports")


def test_adding_only_adds(tmp_path: Path) -> None:
    do_export(made_project(tmp_path / "lot"), tmp_path / "out", ExportOptions(formats=("coco", "csv")))
    before = tree(tmp_path / "out")
    bigger = made_project(tmp_path / "more", (8, 6, 5, 9), [f"n{i}.png" for i in range(28)])
    plan = plan_export(bigger, tmp_path / "out", add=True)
    assert (len(plan.manifest), len(plan.already)) == (9, 19)
    assert tree(tmp_path / "out") == before
    do_export(bigger, tmp_path / "out", add=True)
    after = tree(tmp_path / "out")
    rewritten = {"manifest.csv", RECEIPT, "annotations.csv", "annotations.json"}
    assert {path for path in before if after[path] != before[path]} == rewritten
    assert after["manifest.csv"].startswith(before["manifest.csv"])
    assert {"session-2.dwb", "report-2.html", "report-2.pdf", "rejected-2.csv"} <= set(after) - set(before)
    rows = table(tmp_path / "out" / "manifest.csv")
    assert len(rows) == len({row["sha256"] for row in rows}) == 28
    numbers: dict[str, set[str]] = {}
    for row in rows:
        if row["outlier"] == "false":
            numbers.setdefault(row["label"], set()).add(row["cluster"])
    assert all(len(found) == 1 for found in numbers.values())
    assert len(set.union(*numbers.values())) == len(numbers)
    listed = {r["file"] for r in table(tmp_path / "out" / "annotations.csv")}
    coco = json.loads(after["annotations.json"])
    assert listed == {r["exported_as"] for r in rows if r["outlier"] == "false"}
    assert listed == {image["file_name"] for image in coco["images"]}
    assert len({image["id"] for image in coco["images"]}) == len(listed)
    load_session(tmp_path / "out" / "session-2.dwb")
    nothing = do_export(bigger, tmp_path / "out", add=True)
    assert nothing.manifest == ()
    assert tree(tmp_path / "out") == after


def test_clusters_without_a_name_go_where_their_images_are_and_new_ones_get_new_numbers(
    tmp_path: Path,
) -> None:
    do_export(made_project(tmp_path / "lot", (6, 5)), tmp_path / "out")
    # Other pictures in a first cluster of another session: its cluster-01 is not ours.
    other = made_project(tmp_path / "other", (7,))
    for index in range(7):
        picture(500 + index).save(tmp_path / "other" / f"image-{index:03d}.png")
    from tests.unit.storage.test_interrupted_writes import rehashed

    plan = do_export(rehashed(other), tmp_path / "out", add=True)
    assert {row.label for row in plan.manifest if not row.outlier} == {"cluster-03"}


def test_named_clusters_grow_and_known_lots_keep_their_set(tmp_path: Path) -> None:
    def named(folder: str, first: int) -> Project:
        from tests.unit.storage.test_interrupted_writes import rehashed

        names = [f"{'AB'[i % 2]}/{first + i}.png" for i in range(12)]
        project = made_project(tmp_path / folder, (12,), names)
        for i, name in enumerate(names):
            picture(first + i).save(tmp_path / folder / name)
        decisions, _ = project.decisions.hold(np.arange(12), Group("pits", confirmed=True))
        return rehashed(replace(project, clusters=1, decisions=decisions))

    do_export(named("one", 100), tmp_path / "out", ExportOptions(Split("folder", (50, 0, 50))))
    do_export(named("two", 200), tmp_path / "out", add=True)
    rows = table(tmp_path / "out" / "manifest.csv")
    assert len(rows) == 24
    assert {row["label"] for row in rows} == {"pits"}
    of_lot = {row["path"][0]: row["exported_as"].split("/")[0] for row in rows}
    assert all(row["exported_as"].split("/")[0] == of_lot[row["path"][0]] for row in rows)
    assert set(of_lot.values()) == {"train", "test"}


def spoil_image(out: Path) -> None:
    next(out.rglob("*.png")).write_bytes(b"other")


def spoil_manifest(out: Path) -> None:
    (out / "manifest.csv").write_text((out / "manifest.csv").read_text().replace("cluster-01", "cluster-07"))


def lose_image(out: Path) -> None:
    next(out.rglob("*.png")).unlink()


def lose_receipt(out: Path) -> None:
    (out / RECEIPT).unlink()


def damage_receipt(out: Path) -> None:
    (out / RECEIPT).write_text("{")


def newer_receipt(out: Path) -> None:
    (out / RECEIPT).write_text('{"format": 99}')


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (spoil_image, "was changed since"),
        (spoil_manifest, "was changed since"),
        (lose_image, "was changed since"),
        (lose_receipt, "not an export of this program"),
        (damage_receipt, "damaged"),
        (newer_receipt, "newer version"),
    ],
)
def test_nothing_is_added_to_a_folder_that_is_not_as_it_was(
    tmp_path: Path, spoil: Callable[[Path], None], words: str
) -> None:
    do_export(made_project(tmp_path / "lot"), tmp_path / "out")
    spoil(tmp_path / "out")
    before = tree(tmp_path / "out")
    bigger = made_project(tmp_path / "more", (8, 6, 5, 9))
    with pytest.raises(InputError, match=words):
        do_export(bigger, tmp_path / "out", add=True)
    assert tree(tmp_path / "out") == before


def test_manifests_cannot_point_out_of_their_folder(tmp_path: Path) -> None:
    out = tmp_path / "out"
    do_export(made_project(tmp_path / "lot"), out)
    text = (out / "manifest.csv").read_text().replace("cluster-01/image", "../lot/image")
    (out / "manifest.csv").write_text(text)
    with pytest.raises(InputError, match="outside its folder"):
        plan_export(made_project(tmp_path / "more", (8, 6, 5, 9)), out, add=True)


def test_nothing_is_added_through_a_link_out_of_the_folder(tmp_path: Path) -> None:
    out = tmp_path / "out"
    do_export(made_project(tmp_path / "lot"), out)
    (tmp_path / "elsewhere").mkdir()
    (out / "pits").symlink_to(tmp_path / "elsewhere")
    more = made_project(tmp_path / "more", (8, 6, 5, 9))
    decisions, _ = more.decisions.hold(np.arange(19, 28), Group("pits"))
    before = tree(out)
    with pytest.raises(InputError, match="outside the result folder"):
        do_export(replace(more, decisions=decisions), out, add=True)
    assert tree(out) == before
    assert list((tmp_path / "elsewhere").iterdir()) == []
