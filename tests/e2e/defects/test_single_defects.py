"""Grouping single defects through the command line, without network weights."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from defect_workbench.engine.items import item_extraction
from defect_workbench.engine.items.parent_reader import ParentReader
from defect_workbench.storage.session.session_file import load_session
from tests.processes import Command, run, table
from tests.unit.items.patterned import CHANGES, write_boards

KINDS = tuple(CHANGES)
LOTS: dict[str, tuple[str, ...]] = {
    **{f"lot/board-{number}": KINDS for number in range(4)},
    "lot/clean": (),
    "other/board": KINDS[:3],
}
DEFECTS = sum(len(kinds) for kinds in LOTS.values())


@pytest.fixture(scope="module")
def boards(once_per_run: Callable[[str, Callable[[Path], None]], Path]) -> Path:
    """Boards with 0 to 6 defects and their references; read-only."""

    def fill(folder: Path) -> None:
        write_boards(folder, LOTS)

    return once_per_run("boards", fill)


def options(boards: Path, out: Path) -> tuple[str | Path, ...]:
    # Without the network, all defects of a kind have equal features, of which no cut can be suggested.
    given = ("--reference", boards / "golden", "--items", "defects", "--offline", "--cut", str(len(KINDS)))
    return ("cluster", boards / "images", "--out", out, *given)


@pytest.fixture(scope="module")
def result(boards: Path, once_per_run: Callable[[str, Callable[[Path], None]], Path]) -> Path:
    """The result folder of all boards; read-only."""

    def fill(folder: Path) -> None:
        done = run(*options(boards, folder / "out"), DEFECT_WORKBENCH_HOME=str(folder / "home"))
        assert done.returncode == 0, done.stderr

    return once_per_run("boards-result", fill) / "out"


def content(folder: Path) -> dict[str, str]:
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


@pytest.mark.usefixtures("small_reports")
def test_each_kind_of_defect_is_a_cluster_and_each_crop_is_exported(
    boards: Path, tmp_path: Path, command: Command
) -> None:
    before, out = content(boards), tmp_path / "out"
    done = command(*options(boards, out), "--json")
    assert done.returncode == 0, done.stderr
    facts = json.loads(done.stdout)
    assert (facts["images"], facts["searched_images"], facts["clean_images"]) == (DEFECTS, 6, 1)
    assert (facts["items"], facts["clusters"], facts["outliers"]) == ("defects", 6, 0)
    assert facts["group_by"]["chosen"] == "both"
    rows = table(out / "manifest.csv")
    kinds = {row["path"]: kind_at(row, out) for row in table(out / "items.csv")}
    by_label: dict[str, Counter[str]] = {}
    for row in rows:
        by_label.setdefault(row["label"], Counter())[kinds[row["path"]]] += 1
    assert sorted(len(each) for each in by_label.values()) == [1] * 6
    assert {kind for each in by_label.values() for kind in each} == set(KINDS)
    for row in rows:
        exported = out / row["exported_as"]
        assert exported.name.endswith(".png")
        assert "-defect-0" in exported.name
    assert content(boards) == before


def kind_at(item: dict[str, str], out: Path) -> str:
    """Return the kind of the defect in a box: kinds are in columns of their own, from left to right."""
    return KINDS[round(((float(item["x1"]) + float(item["x2"])) / 2 - 30) / 46)]


def test_items_and_counts_say_where_each_defect_is_and_how_many_each_image_has(result: Path) -> None:
    items = table(result / "items.csv")
    assert list(items[0]) == [
        *("path", "klarf", "defect_id", "wafer", "x_um", "y_um", "die_x", "die_y"),
        *("parent", "x1", "y1", "x2", "y2"),
    ]
    assert [row["path"] for row in items] == [row["path"] for row in table(result / "manifest.csv")]
    assert {row["path"] for row in items if row["parent"] == "other/board.png"} == {
        f"other/board.png#d{number}" for number in (1, 2, 3)
    }
    assert {row["klarf"] for row in items} == {""}
    assert f"{DEFECTS} in 6 images, 1 of them without one" in (result / "report.html").read_text("utf-8")
    counts = table(result / "counts.csv")
    assert [row["path"] for row in counts] == sorted(f"{name}.png" for name in LOTS)
    assert {row["path"]: int(row["count"]) for row in counts} == {
        f"{name}.png": len(kinds) for name, kinds in LOTS.items()
    }
    for row in counts:
        by_label = [int(value) for name, value in row.items() if name not in ("path", "count")]
        assert len(by_label) == 6
        assert sum(by_label) == int(row["count"])


@pytest.mark.parametrize("with_session", [True, False])
def test_a_pareto_chart_of_a_result_counts_defects(
    with_session: bool, result: Path, tmp_path: Path, command: Command
) -> None:
    for name in ("manifest.csv", "items.csv", *(["session.dwb"] if with_session else [])):
        shutil.copy(result / name, tmp_path)
    done = command("pareto", tmp_path, "--by", "folder", "--per", "wafer")
    assert done.returncode == 2
    assert "defects per wafer cannot be counted: nothing says how much was inspected" in done.stderr


def test_an_exported_crop_has_the_pixels_of_its_parent(boards: Path, result: Path) -> None:
    project = load_session(result / "session.dwb")
    exported = {row["path"]: result / row["exported_as"] for row in table(result / "manifest.csv")}
    for image in project.images.images:
        assert image.origin is not None
        with Image.open(boards / "images" / image.origin.parent) as parent:
            expected = np.asarray(parent.crop(image.origin.window))
        with Image.open(exported[image.path]) as crop:
            np.testing.assert_array_equal(np.asarray(crop), expected)


@pytest.mark.usefixtures("small_reports")
def test_crops_of_images_with_16_bits_keep_them(boards: Path, tmp_path: Path, command: Command) -> None:
    for folder in ("images", "golden"):
        (tmp_path / folder).mkdir()
        with Image.open(boards / folder / "lot" / "board-0.png") as image:
            deep = np.asarray(image).astype(np.uint16) * 200 + 1000
        Image.fromarray(deep).save(tmp_path / folder / "deep.tif")
    out = tmp_path / "out"
    given = ("--reference", tmp_path / "golden", "--items", "defects", "--offline")
    done = command("cluster", tmp_path / "images", "--out", out, *given)
    assert done.returncode == 0, done.stderr
    project = load_session(out / "session.dwb")
    for row, defect in zip(table(out / "manifest.csv"), project.images.images, strict=True):
        with Image.open(out / row["exported_as"]) as crop:
            pixels = np.asarray(crop)
        assert pixels.dtype == np.uint16
        assert pixels.min() >= 1000
        assert defect.origin is not None
        x1, y1, x2, y2 = defect.origin.window
        with Image.open(tmp_path / "images" / "deep.tif") as parent:
            np.testing.assert_array_equal(pixels, np.asarray(parent)[y1:y2, x1:x2])


@pytest.mark.usefixtures("small_reports")
def test_two_runs_write_the_same_tables_and_the_second_reads_no_image(
    boards: Path, tmp_path: Path, command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert command(*options(boards, tmp_path / "first")).returncode == 0

    def refuse(*arguments: object) -> None:
        raise AssertionError("an image was searched again")

    monkeypatch.setattr(ParentReader, "_searched", refuse)
    done = command(*options(boards, tmp_path / "second"), "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["images_per_second"] is None
    for name in ("manifest.csv", "items.csv", "counts.csv"):
        assert (tmp_path / "first" / name).read_bytes() == (tmp_path / "second" / name).read_bytes()


@pytest.mark.usefixtures("small_reports")
def test_a_changed_reference_is_noticed(boards: Path, tmp_path: Path, command: Command) -> None:
    golden = tmp_path / "golden"
    write_boards(tmp_path / "other", LOTS)
    (tmp_path / "other" / "golden").rename(golden)
    given = ("cluster", boards / "images", "--items", "defects", "--offline", "--reference", golden, "--json")
    assert json.loads(command(*given, "--out", tmp_path / "a").stdout)["images"] == DEFECTS
    # The image itself as its reference: there is nothing to find any more.
    path = golden / "other" / "board.png"
    path.unlink()
    path.write_bytes((boards / "images" / "other" / "board.png").read_bytes())
    facts = json.loads(command(*given, "--out", tmp_path / "b").stdout)
    assert (facts["images"], facts["clean_images"]) == (DEFECTS - 3, 2)


@pytest.mark.usefixtures("small_reports")
def test_a_session_of_defects_is_replayed_from_a_moved_folder(
    boards: Path, result: Path, tmp_path: Path, command: Command
) -> None:
    moved = tmp_path / "moved"
    write_boards(tmp_path / "copy", LOTS)
    (tmp_path / "copy" / "images").rename(moved)
    done = command("replay", result / "session.dwb", "--folder", moved, "--out", tmp_path / "again")
    assert done.returncode == 0, done.stderr
    for name in ("manifest.csv", "items.csv", "counts.csv"):
        assert (tmp_path / "again" / name).read_bytes() == (result / name).read_bytes()


@pytest.mark.usefixtures("small_reports")
def test_an_export_of_defects_can_be_added_to(boards: Path, tmp_path: Path, command: Command) -> None:
    out = tmp_path / "out"
    some = tmp_path / "some"
    some.mkdir()
    for name in ("board-0", "board-1", "clean"):
        (some / f"{name}.png").write_bytes((boards / "images" / "lot" / f"{name}.png").read_bytes())
    given = ("--reference", boards / "golden" / "lot", "--items", "defects", "--offline")
    assert command("cluster", some, "--out", out, *given).returncode == 0
    before = (out / "manifest.csv").read_text()
    (some / "board-3.png").write_bytes((boards / "images" / "lot" / "board-3.png").read_bytes())
    # A reference is without a defect.
    (some / "board-2.png").write_bytes((boards / "golden" / "lot" / "board-2.png").read_bytes())
    done = command("cluster", some, "--out", out, *given, "--add")
    assert done.returncode == 0, done.stderr
    after = (out / "manifest.csv").read_text()
    assert after.startswith(before)
    assert len(after.splitlines()) == len(before.splitlines()) + len(KINDS)
    assert {row["parent"] for row in table(out / "items-2.csv")} == {"board-3.png"}
    # Each image is counted once, in the run in which it was added.
    assert [row["path"] for row in table(out / "counts.csv")] == [
        *("board-0.png", "board-1.png", "clean.png")
    ]
    counts = [(row["path"], int(row["count"])) for row in table(out / "counts-2.csv")]
    assert counts == [("board-2.png", 0), ("board-3.png", len(KINDS))]


@pytest.mark.parametrize(
    ("more", "words"),
    [
        (["--mode", "hardlink"], "single defects cannot be exported as hardlinks"),
        (["--mode", "symlink", "--dry-run"], "single defects cannot be exported as symlinks"),
        (["--maps"], "there are no defect maps of single defects"),
        (["--rescale", "5"], "background and scale cannot be changed"),
        (["--background", "median"], "background and scale cannot be changed"),
    ],
)
def test_what_does_not_fit_single_defects_is_refused_before_the_work(
    more: list[str], words: str, boards: Path, tmp_path: Path, command: Command
) -> None:
    done = command(*options(boards, tmp_path / "out"), *more)
    assert done.returncode == 2
    assert words in done.stderr
    assert not (tmp_path / "out").exists()


def test_clean_images_cannot_be_compared_with(boards: Path, tmp_path: Path, command: Command) -> None:
    given = ("--items", "defects", "--offline", "--clean", boards / "golden")
    done = command("cluster", boards / "images", "--out", tmp_path / "out", *given)
    assert done.returncode == 2
    assert "not with clean images" in done.stderr


def test_images_without_any_defect_are_reported(boards: Path, tmp_path: Path, command: Command) -> None:
    given = ("--items", "defects", "--offline", "--reference", boards / "golden")
    done = command("cluster", boards / "golden", "--out", tmp_path / "out", *given)
    assert done.returncode == 2
    assert "no defect was found in 6 images" in done.stderr
    assert not (tmp_path / "out").exists()


@pytest.mark.usefixtures("small_reports")
def test_a_stopped_search_resumes_with_what_it_had(
    boards: Path, tmp_path: Path, command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    searched = ParentReader._searched
    read: list[str] = []

    def stop_at_the_fourth(self: ParentReader, file: object, name: str | None) -> object:
        read.append(name or "")
        if len(read) == 4:
            raise KeyboardInterrupt
        return searched(self, file, name)  # type: ignore[arg-type]

    monkeypatch.setattr(item_extraction, "_AHEAD", 1)
    monkeypatch.setattr(item_extraction, "BATCH", 4)
    monkeypatch.setattr(ParentReader, "_searched", stop_at_the_fourth)
    done = command(*options(boards, tmp_path / "out"))
    assert done.returncode == 130
    assert not (tmp_path / "out").exists()
    done = command(*options(boards, tmp_path / "out"))
    assert done.returncode == 0, done.stderr
    assert len(read) < 4 + len(LOTS)
    assert len(table(tmp_path / "out" / "manifest.csv")) == DEFECTS


@pytest.mark.usefixtures("small_reports")
def test_a_table_about_the_images_is_joined_to_their_defects(
    boards: Path, tmp_path: Path, command: Command
) -> None:
    lines = [f"{name}.png,{'left' if 'lot' in name else 'right'}" for name in LOTS]
    (tmp_path / "table.csv").write_text("\n".join(["image,chuck", *lines]) + "\n")
    out = tmp_path / "out"
    done = command(*options(boards, out), "--side-data", tmp_path / "table.csv", "--split", "column:chuck")
    assert done.returncode == 0, done.stderr
    sides = {row["path"]: row["chuck"] for row in table(out / "side_data.csv")}
    assert len(sides) == DEFECTS
    for path, chuck in sides.items():
        assert chuck == ("left" if path.startswith("lot/") else "right")


@pytest.mark.usefixtures("small_reports")
def test_single_defects_and_whole_images_are_not_mixed_in_one_export(
    boards: Path, result: Path, tmp_path: Path, command: Command
) -> None:
    before = content(result)
    given = ("cluster", boards / "images", "--out", result, "--offline", "--add")
    done = command(*given)
    assert done.returncode == 2
    assert "an export of single defects, to which whole images cannot be added" in done.stderr
    assert content(result) == before


def test_too_many_defects_are_clustered_by_ward_as_a_whole_and_by_another_linkage_in_part(
    boards: Path, result: Path, tmp_path: Path, command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("defect_workbench.workflows.detection.describe_set.most_items", lambda: 20)
    out, by_ward = tmp_path / "out", tmp_path / "ward"
    done = command(*options(boards, by_ward))
    assert done.returncode == 0, done.stderr
    assert "a random part" not in done.stderr
    done = command(*options(boards, out), "--linkage", "average", "--json")
    assert done.returncode == 0, done.stderr
    words = f"a random part of 20 of the {DEFECTS} defects is clustered"
    assert words in done.stderr
    assert words in json.loads(done.stdout)["group_by"]["why"]
    assert words in (out / "report.html").read_text(encoding="utf-8")
    # Defects of a kind are alike here, so the others join their own kind.
    clusters = [
        {row["path"]: row["cluster"] for row in table(each / "manifest.csv")}
        for each in (result, out, by_ward)
    ]
    for other in clusters[1:]:
        assert len({(clusters[0][path], other[path]) for path in clusters[0]}) == len(KINDS)
    assert load_session(out / "session.dwb").analysis.tree is not None
