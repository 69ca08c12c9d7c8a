"""Splits, annotation files, adding to an export and undoing it."""

import csv
import json
import os
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from defect_workbench.core.errors import InputError, WorkbenchError
from defect_workbench.core.progress import SilentReporter
from defect_workbench.core.project.decisions import Group
from defect_workbench.core.project.outlier_decisions import outlier_fates
from defect_workbench.core.project.project_state import Project
from defect_workbench.core.project.side_data import Column, Kind, SideData
from defect_workbench.core.project.splits import SPLITS, split_at_random, split_by_group
from defect_workbench.engine.input.thumbnail import thumbnail
from defect_workbench.storage.result.export_options import Format, Split
from defect_workbench.storage.result.receipt import RECEIPT, read_receipt, undo_export
from defect_workbench.storage.result.result_folder import Mode, Plan, Profile, export, plan_export
from defect_workbench.storage.session.session_file import load_session
from tests.builders import made_project, picture


def do_export(
    project: Project, out: Path, profile: Profile | None = None, *, mode: Mode = Mode.COPY, add: bool = False
) -> Plan:
    return export(project, out, mode, {}, thumbnail, SilentReporter(), profile=profile, add=add)


def table(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as stream:
        return list(csv.DictReader(stream))


def tree(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()
    }


def with_lots(project: Project, lots: list[str]) -> Project:
    column = Column("lot", Kind.TEXT, tuple(lots))
    side = SideData("s.csv", "0" * 64, "name", (column,), (True,) * len(lots))
    return replace(project, side=side)


# Splits


@given(
    st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 30)), min_size=1, max_size=80),
    st.integers(0, 5),
)
def test_random_split_is_stratified_and_keeps_equal_contents_together(
    items: list[tuple[str, int]], seed: int
) -> None:
    labels = [label for label, _ in items]
    contents = [f"{label}{number}" for label, number in items]
    sets = split_at_random(labels, contents, (70, 15, 15), seed)
    assert split_at_random(labels, contents, (70, 15, 15), seed) == sets
    found = dict(zip(contents, sets, strict=True))
    assert [found[content] for content in contents] == sets
    for label in set(labels):
        distinct = {content for content in contents if content.startswith(label)}
        counts = Counter(found[content] for content in distinct)
        for name, share in zip(SPLITS, (0.7, 0.15, 0.15), strict=True):
            assert abs(counts[name] - share * len(distinct)) <= 1


@given(
    st.lists(st.tuples(st.sampled_from("ABCDEFG"), st.sampled_from("ab")), min_size=1, max_size=80),
    st.integers(0, 3),
)
def test_lots_stay_whole_and_known_ones_where_they_are(items: list[tuple[str, str]], seed: int) -> None:
    lots, labels = [lot for lot, _ in items], [label for _, label in items]
    chosen = split_by_group(lots, labels, (70, 15, 15), seed, {"A": "test"})
    assert set(chosen) == set(lots)
    assert chosen.get("A", "test") == "test"
    assert set(chosen.values()) <= set(SPLITS)


def test_lots_come_near_the_shares() -> None:
    rng = np.random.default_rng(0)
    lots = [f"lot{i}" for i in rng.integers(0, 40, 1000)]
    labels = ["ab"[i] for i in rng.integers(0, 2, 1000)]
    chosen = split_by_group(lots, labels, (70, 15, 15), 0)
    for label in "ab":
        mine = [chosen[lot] for lot, other in zip(lots, labels, strict=True) if other == label]
        for name, share in zip(SPLITS, (0.7, 0.15, 0.15), strict=True):
            assert mine.count(name) / len(mine) == pytest.approx(share, abs=0.05)


def test_split_folders_hold_each_image_once(tmp_path: Path) -> None:
    project = made_project(tmp_path / "lot", (20, 20, 20))
    do_export(project, tmp_path / "out", Profile(Split("random", (60, 20, 20), 3)))
    rows = table(tmp_path / "out" / "manifest.csv")
    counts = Counter(row["exported_as"].split("/")[0] for row in rows if row["outlier"] == "false")
    for label in {row["label"] for row in rows if row["outlier"] == "false"}:
        mine = [row["exported_as"].split("/")[0] for row in rows if row["label"] == label]
        assert all(
            abs(mine.count(n) - s * len(mine)) <= 1 for n, s in zip(SPLITS, (0.6, 0.2, 0.2), strict=True)
        )
    assert set(counts) == set(SPLITS)
    for row in rows:
        assert (tmp_path / "out" / row["exported_as"]).is_file()
        assert row["exported_as"].startswith("_outliers/") == (row["outlier"] == "true")
    again = tmp_path / "again"
    do_export(project, again, Profile(Split("random", (60, 20, 20), 3)))
    assert (again / "manifest.csv").read_bytes() == (tmp_path / "out" / "manifest.csv").read_bytes()


def test_split_by_a_column_and_by_folder_keep_lots_together(tmp_path: Path) -> None:
    names = [f"{'pqr'[i % 3]}/{i}.png" for i in range(30)]
    project = with_lots(
        made_project(tmp_path / "lot", (10, 10, 10), names), ["xyz"[i % 3] for i in range(30)]
    )
    for by in ("folder", "column:LOT"):
        out = tmp_path / by.replace(":", "-")
        do_export(project, out, Profile(Split(by, (1, 1, 1))))
        of_lot: dict[str, set[str]] = {}
        for row in table(out / "manifest.csv"):
            if row["outlier"] == "false":
                of_lot.setdefault(row["path"][0], set()).add(row["exported_as"].split("/")[0])
        assert all(len(sets) == 1 for sets in of_lot.values())
        assert len(set.union(*of_lot.values())) == 3


def test_splits_that_are_not_possible_are_refused_before_anything_is_written(tmp_path: Path) -> None:
    project = made_project(tmp_path / "lot")
    with pytest.raises(InputError, match="needs side data"):
        do_export(project, tmp_path / "out", Profile(Split("column:lot")))
    with pytest.raises(InputError, match="all images are of one folder"):
        do_export(project, tmp_path / "out", Profile(Split("folder")))
    with pytest.raises(InputError, match="has no column wafer"):
        do_export(with_lots(project, ["A"] * 19), tmp_path / "out", Profile(Split("column:wafer")))
    assert not (tmp_path / "out").exists()


# Annotation files and choice of clusters


def test_annotation_files_agree_with_the_folders(tmp_path: Path) -> None:
    project = made_project(tmp_path / "lot", (20, 20, 20))
    profile = Profile(Split("random", (50, 25, 25)), (Format.COCO, Format.CSV))
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
        do_export(project, tmp_path / "out", Profile(confirmed=True))
    decisions, _ = project.decisions.hold(np.arange(8), Group("pits", confirmed=True))
    project = replace(project, decisions=decisions)
    plan = do_export(project, tmp_path / "out", Profile(confirmed=True))
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


# Adding


def test_adding_only_adds(tmp_path: Path) -> None:
    do_export(made_project(tmp_path / "lot"), tmp_path / "out", Profile(formats=(Format.COCO, Format.CSV)))
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

    do_export(named("one", 100), tmp_path / "out", Profile(Split("folder", (50, 0, 50))))
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
        (lose_receipt, "no export of this program"),
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


# Undoing


@pytest.mark.parametrize("mode", list(Mode))
def test_undo_removes_all_of_an_export_and_nothing_else(tmp_path: Path, mode: Mode) -> None:
    project = made_project(tmp_path / "lot")
    images = tree(tmp_path / "lot")
    do_export(project, tmp_path / "out", Profile(Split(), (Format.COCO,)), mode=mode)
    do_export(made_project(tmp_path / "more", (8, 6, 5, 9)), tmp_path / "out", add=True)
    dry = undo_export(tmp_path / "out", SilentReporter(), dry_run=True)
    assert (tmp_path / "out").is_dir()
    done = undo_export(tmp_path / "out", SilentReporter())
    assert done == dry
    assert not (tmp_path / "out").exists()
    assert tree(tmp_path / "lot") == images
    (tmp_path / "there").mkdir()
    do_export(project, tmp_path / "there")
    undo_export(tmp_path / "there", SilentReporter())
    assert list((tmp_path / "there").iterdir()) == []


def test_undo_leaves_changed_and_foreign_files_and_names_them(tmp_path: Path) -> None:
    out = tmp_path / "out"
    do_export(made_project(tmp_path / "lot"), out)
    changed, gone = sorted((out / "cluster-01").iterdir())[:2]
    changed.write_bytes(b"my own")
    gone.unlink()
    (out / "cluster-02" / "mine.txt").write_text("mine")
    (out / "link").symlink_to(tmp_path / "lot")
    done = undo_export(out, SilentReporter())
    assert done.changed == (f"cluster-01/{changed.name}",)
    assert done.missing == (f"cluster-01/{gone.name}",)
    assert done.foreign == ("cluster-02/mine.txt", "link")
    left = {p.relative_to(out).as_posix() for p in out.rglob("*") if not p.is_dir() or p.is_symlink()}
    assert left == {f"cluster-01/{changed.name}", "cluster-02/mine.txt", "link", RECEIPT}
    assert len(tree(tmp_path / "lot")) == 19


@pytest.mark.parametrize(
    "path", ["../lot/image-000.png", "/etc/passwd", "a/../../lot/x", "", ".", "a//b", RECEIPT]
)
def test_receipts_cannot_point_out_of_their_folder(tmp_path: Path, path: str) -> None:
    do_export(made_project(tmp_path / "lot"), tmp_path / "out")
    state = json.loads((tmp_path / "out" / RECEIPT).read_text())
    state["files"][path] = {"size": 1, "sha256": "0" * 64}
    (tmp_path / "out" / RECEIPT).write_text(json.dumps(state))
    before = tree(tmp_path)
    with pytest.raises(InputError, match="outside its folder"):
        undo_export(tmp_path / "out", SilentReporter())
    assert tree(tmp_path) == before


def test_undo_does_not_follow_a_folder_that_became_a_link(tmp_path: Path) -> None:
    """The originals have the same names and contents: only the way there tells them apart."""
    names = [f"cluster-01/image-{i:03d}.png" for i in range(12)]
    project = replace(made_project(tmp_path / "lot", (12,), names), clusters=1)
    out = tmp_path / "out"
    do_export(project, out)
    for file in (out / "cluster-01").iterdir():
        file.unlink()
    (out / "cluster-01").rmdir()
    (out / "cluster-01").symlink_to(tmp_path / "lot" / "cluster-01")
    done = undo_export(out, SilentReporter())
    assert len(done.changed) >= 11
    assert len(list((tmp_path / "lot" / "cluster-01").iterdir())) == 12


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
    with pytest.raises(InputError, match="leads out of the result folder"):
        do_export(replace(more, decisions=decisions), out, add=True)
    assert tree(out) == before
    assert list((tmp_path / "elsewhere").iterdir()) == []


@settings(max_examples=60)
@given(
    st.dictionaries(st.text(max_size=6), st.one_of(st.none(), st.integers(), st.text(max_size=5)), max_size=8)
)
def test_any_json_for_a_receipt_is_refused_in_words(
    tmp_path_factory: pytest.TempPathFactory, state: dict[str, object]
) -> None:
    out = tmp_path_factory.mktemp("out")
    (out / RECEIPT).write_text(json.dumps({"format": 1, "files": {}, **state}))
    with pytest.raises(InputError):
        read_receipt(out)


# The manifest and the outliers


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
    fates = outlier_fates(project)
    assert len(fates) >= 4
    assert all(fate.decision.startswith("none") for fate in fates)
    first, second, third, fourth = (fate.image for fate in fates[:4])
    decisions, _ = project.decisions.hold(np.array([first]), Group("odd"))
    decisions, _ = decisions.hold(np.array([second, third]), Group("", nuisance=True))
    decisions = decisions.follow(np.array([fourth]), int(project.partition.clusters[0].members[0]))
    said = {fate.image: fate.decision for fate in outlier_fates(replace(project, decisions=decisions))}
    assert said[first] == "a class of its own"
    assert said[second] == "nuisance"
    assert said[fourth] == "put into a cluster"


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
