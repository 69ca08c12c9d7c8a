"""Whose result a folder is, and what other commands make of it."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import tifffile
from hypothesis import given
from hypothesis import strategies as st

from defect_workbench.core.errors import InputError
from defect_workbench.core.progress import SilentReporter
from defect_workbench.engine.clustering.agreement import read_class_folders
from defect_workbench.engine.input.scan import scan
from defect_workbench.storage.files.csv_cells import row_text
from defect_workbench.storage.watching.appended_table import AppendedTable
from defect_workbench.storage.watching.watch_state import WatchState, check_can_continue
from defect_workbench.workflows.fab.watch_events import WatchRemark
from defect_workbench.workflows.fab.watch_folder import check_interval
from tests.builders import picture
from tests.unit.watching.fakes import WatchedPlace


def write_pages(path: Path, pages: int, side: int = 8) -> None:
    with tifffile.TiffWriter(path) as writer:
        for page in range(pages):
            writer.write(np.full((side, side), page, np.uint8), metadata=None)


@pytest.fixture
def place(tmp_path: Path) -> WatchedPlace:
    found = WatchedPlace(tmp_path)
    (found.folder / "a.png").write_bytes(b"0")
    found.look(3)
    found.stop()
    return found


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"folder": "/other"}, "is the result of watching"),
        ({"model_sha256": "1" * 64}, "another classifier"),
        (
            {"false_alarms": 0.1},
            "was begun with the classifier's share of false alarms, not a share of 0.1",
        ),
    ],
)
def test_a_result_of_something_else_is_refused(
    place: WatchedPlace, change: dict[str, object], words: str
) -> None:
    values = {"folder": str(place.folder), "model": "lot.dwm", "model_sha256": "0" * 64, "false_alarms": None}
    assert check_can_continue(place.out, WatchState(**values))  # type: ignore[arg-type]
    before = {path: path.read_bytes() for path in place.out.rglob("*") if path.is_file()}
    with pytest.raises(InputError, match=words):
        check_can_continue(place.out, WatchState(**{**values, **change}))  # type: ignore[arg-type]
    assert {path: path.read_bytes() for path in place.out.rglob("*") if path.is_file()} == before


def test_other_folders_are_refused(place: WatchedPlace, tmp_path: Path) -> None:
    state = WatchState(str(place.folder), "lot.dwm", "0" * 64)
    with pytest.raises(InputError, match="the watched folder itself"):
        check_can_continue(place.folder, state)
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "mine.txt").touch()
    with pytest.raises(InputError, match="is not empty"):
        check_can_continue(tmp_path / "full", state)
    (place.out / "watch.json").write_text(json.dumps({"format": 99}))
    with pytest.raises(InputError, match="newer version"):
        check_can_continue(place.out, state)
    (place.out / "watch.json").write_text("{")
    with pytest.raises(InputError, match="is damaged"):
        check_can_continue(place.out, state)


def test_a_result_without_its_manifest_is_not_begun_again(place: WatchedPlace) -> None:
    (place.out / "manifest.csv").unlink()
    with pytest.raises(InputError, match=r"manifest\.csv is missing"):
        place.start()


def test_files_of_several_pages_are_reported_once(place: WatchedPlace) -> None:
    for name, pages in (("single.tif", 1), ("lot.tif", 3), ("other.tif", 2)):
        write_pages(place.folder / name, pages)
        place.look(4)
    place.stop()
    (remark,) = [each for each in place.told if "pages" in each.words]
    assert remark.words.startswith("the file lot.tif has several pages, and only the first is classified")
    # Nothing waits for it to end.
    assert isinstance(remark, WatchRemark)


def test_after_many_files_of_one_page_only_larger_ones_are_opened(
    place: WatchedPlace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("defect_workbench.workflows.fab.paged_files.ALWAYS_OPENED", 2)
    for name, pages, side in (("a.tif", 1, 40), ("b.tif", 1, 8), ("small.tif", 2, 8), ("lot.tif", 9, 40)):
        write_pages(place.folder / name, pages, side)
        place.look(4)
    place.stop()
    assert [each.words.split()[2] for each in place.told if "pages" in each.words] == ["lot.tif"]


def test_a_scan_passes_over_a_watched_result(place: WatchedPlace, tmp_path: Path) -> None:
    reporter = SilentReporter()
    listing = scan(tmp_path, reporter)
    assert [file.path for file in listing.files] == ["tool/a.png"]
    assert "out contains results of an earlier run" in reporter.warnings[0]
    assert scan(tmp_path, SilentReporter(), without=place.out).rejected == ()


def test_a_watched_result_is_compared_by_its_folders(place: WatchedPlace) -> None:
    picture(1).save(place.folder / "b.png")
    assert [label for _, label in read_class_folders(place.out, SilentReporter())] == ["bridge"]


@pytest.mark.parametrize("interval", [0.0, 0.05, -1, float("nan"), float("inf")])
def test_an_impossible_interval_is_refused(interval: float) -> None:
    with pytest.raises(InputError, match="interval must be"):
        check_interval(interval)


CELLS = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=6)


@given(st.lists(st.tuples(CELLS, CELLS), max_size=5), st.integers(0, 30))
def test_a_table_that_was_cut_anywhere_has_its_complete_rows(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[str, str]], cut: int
) -> None:
    path = tmp_path_factory.mktemp("table") / "t.csv"
    lines = [row_text(("a", "b")).encode(), *(row_text(row).encode() for row in rows)]
    data = b"".join(lines)
    cut = min(cut, len(data) - len(lines[0]))
    path.write_bytes(data[: len(data) - cut])
    kept = [row for number, row in enumerate(rows) if sum(map(len, lines[: number + 2])) <= len(data) - cut]
    table = AppendedTable(path, ("a", "b"))
    table.append([("x", 'y\n"')])
    assert [tuple(row.values()) for row in table.rows()] == [*kept, ("x", 'y\n"')]
