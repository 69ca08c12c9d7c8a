"""Exports split into training, validation and test sets."""

from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from defect_workbench.core.errors import InputError
from defect_workbench.core.project.splits import SPLITS, split_at_random, split_by_group
from defect_workbench.storage.result.export_options import Split
from defect_workbench.storage.result.result_folder import ExportOptions
from tests.builders import made_project
from tests.unit.storage.exports import do_export, table, with_lots

pytestmark = pytest.mark.usefixtures("small_reports")


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
    do_export(project, tmp_path / "out", ExportOptions(Split("random", (60, 20, 20), 3)))
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
    do_export(project, again, ExportOptions(Split("random", (60, 20, 20), 3)))
    assert (again / "manifest.csv").read_bytes() == (tmp_path / "out" / "manifest.csv").read_bytes()


def test_split_by_a_column_and_by_folder_keep_lots_together(tmp_path: Path) -> None:
    names = [f"{'pqr'[i % 3]}/{i}.png" for i in range(30)]
    project = with_lots(
        made_project(tmp_path / "lot", (10, 10, 10), names), ["xyz"[i % 3] for i in range(30)]
    )
    for by in ("folder", "column:LOT"):
        out = tmp_path / by.replace(":", "-")
        do_export(project, out, ExportOptions(Split(by, (1, 1, 1))))
        of_lot: dict[str, set[str]] = {}
        for row in table(out / "manifest.csv"):
            if row["outlier"] == "false":
                of_lot.setdefault(row["path"][0], set()).add(row["exported_as"].split("/")[0])
        assert all(len(sets) == 1 for sets in of_lot.values())
        assert len(set.union(*of_lot.values())) == 3


def test_splits_that_are_not_possible_are_refused_before_anything_is_written(tmp_path: Path) -> None:
    project = made_project(tmp_path / "lot")
    with pytest.raises(InputError, match="needs side data"):
        do_export(project, tmp_path / "out", ExportOptions(Split("column:lot")))
    with pytest.raises(InputError, match="all images have the same folder"):
        do_export(project, tmp_path / "out", ExportOptions(Split("folder")))
    with pytest.raises(InputError, match="has no column wafer"):
        do_export(with_lots(project, ["A"] * 19), tmp_path / "out", ExportOptions(Split("column:wafer")))
    assert not (tmp_path / "out").exists()
