"""Trees in two levels, of more rows than can be compared in pairs."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from sklearn.metrics import adjusted_rand_score

from defect_workbench.core.arrays import Floats
from defect_workbench.core.clustering.merge_tree import Tree
from defect_workbench.core.errors import Cancelled
from defect_workbench.core.images.image_records import ImageRecord, ImageSet
from defect_workbench.core.progress import SilentReporter
from defect_workbench.core.project.decisions import Decisions
from defect_workbench.core.project.project_state import Project
from defect_workbench.engine.clustering.large import memory_budget
from defect_workbench.engine.clustering.large.weighted_ward import weighted_ward
from defect_workbench.engine.clustering.linkage import build_tree
from defect_workbench.storage.session.session_checks import check_project
from defect_workbench.storage.session.session_file import load_session, save_session
from tests.builders import blobs, made_analysis, with_outlier_groups

SMALL_BUDGET = 8 * 50**2
"""Bytes of the distances of 50 micro-clusters."""


def rows_of(count: int, seed: int = 0) -> Floats:
    """Return points in four loose groups."""
    rng = np.random.default_rng(seed)
    return rng.standard_normal((count, 6)) + 4 * np.eye(6)[rng.integers(0, 4, count)]


def unchecked() -> None:
    """Never cancel."""


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 60), st.integers(0, 10_000))
def test_ward_of_single_rows_is_the_exact_tree(count: int, seed: int) -> None:
    rows = rows_of(count, seed)
    pairs, heights = weighted_ward(rows, np.ones(count), unchecked)
    np.testing.assert_allclose(np.sort(heights), build_tree(rows).heights, rtol=1e-9)
    assert len(set(pairs[:, 1].tolist())) == count - 1


@settings(max_examples=40, deadline=None)
@given(st.lists(st.integers(1, 6), min_size=2, max_size=20), st.integers(0, 10_000))
def test_a_point_with_a_size_counts_as_that_many_equal_rows(sizes: list[int], seed: int) -> None:
    points = rows_of(len(sizes), seed)
    _, heights = weighted_ward(points, np.array(sizes), unchecked)
    expected = build_tree(np.repeat(points, sizes, axis=0)).heights
    np.testing.assert_allclose(np.sort(heights), expected[len(expected) - len(heights) :], rtol=1e-6)


@settings(max_examples=25, deadline=None)
@given(st.integers(60, 160), st.integers(0, 10_000), st.integers(0, 40))
def test_two_levels_join_the_same_images_as_the_exact_tree(count: int, seed: int, copies: int) -> None:
    rows = rows_of(count, seed)
    rows[count - copies :] = rows[:copies]
    tree, exact = build_tree(rows, budget=SMALL_BUDGET), build_tree(rows)
    assert tree.micro_clusters <= 50
    check_project(project_with(rows, tree))  # as many leaves, monotone, every branch merged once, right sizes
    np.testing.assert_allclose(tree.heights, exact.heights, rtol=1e-5, atol=1e-6)
    for clusters in (3, 10):
        assert adjusted_rand_score(tree.roots(clusters), exact.roots(clusters)) == pytest.approx(1)


def test_two_levels_agree_with_the_exact_tree_of_thousands_of_images() -> None:
    rng = np.random.default_rng(1)
    rows = rng.standard_normal((2500, 40)) + 1.5 * np.eye(40)[rng.integers(0, 12, 2500)]
    tree, exact = build_tree(rows, budget=8 * 200**2), build_tree(rows)
    assert tree.micro_clusters == 200
    np.testing.assert_allclose(tree.heights, exact.heights, rtol=1e-9)
    for clusters in (5, 12, 100):
        assert adjusted_rand_score(tree.roots(clusters), exact.roots(clusters)) == pytest.approx(1)


def project_with(rows: Floats, tree: Tree) -> Project:
    """Return a project of images with these vectors and this tree."""
    single = rows.astype(np.float32)
    analysis = replace(
        made_analysis(blobs((6, 6))),
        blocks={"deep": single},
        vectors=single,
        outlier_scores=np.zeros(len(rows)),
        result=tree,
        found_groups=None,
    )
    images = tuple(ImageRecord(f"{number}.png", f"{number:064x}", 8, 8) for number in range(len(rows)))
    return Project(ImageSet(Path("/nowhere"), images, ()), analysis, 3, Decisions.none(len(rows)))


def test_an_exact_tree_does_not_claim_two_levels() -> None:
    assert build_tree(rows_of(40)).levels == ""


def test_a_session_says_again_that_the_tree_has_two_levels(tmp_path: Path) -> None:
    rows = rows_of(80)
    path = tmp_path / "s.dwb"
    save_session(path, project_with(rows, build_tree(rows, budget=SMALL_BUDGET)))
    tree = load_session(path).analysis.tree
    assert tree is not None
    assert tree.levels == "tree in two levels: 50 micro-clusters"


def test_far_rows_that_are_equally_near_in_a_circle_still_merge() -> None:
    angles = np.arange(90) * 2 * np.pi / 90
    tree = build_tree(np.stack([np.cos(angles), np.sin(angles)], axis=1), budget=8 * 4)
    assert tree.leaves == 90
    assert (np.diff(tree.heights) >= 0).all()


class _Impatient(SilentReporter):
    """Cancels after some checks."""

    def __init__(self, checks: int) -> None:
        super().__init__()
        self.checks = checks

    def check(self) -> None:
        self.checks -= 1
        if self.checks < 0:
            raise Cancelled


@pytest.mark.parametrize("checks", [0, 1, 2])
def test_a_tree_in_two_levels_can_be_cancelled_midway(checks: int) -> None:
    with pytest.raises(Cancelled):
        build_tree(rows_of(200), budget=SMALL_BUDGET, reporter=_Impatient(checks))


@pytest.fixture
def small_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let no more than 110 rows be compared in pairs."""
    monkeypatch.setattr(memory_budget, "BUDGET", 4 * 110 * 109)


def large_set() -> NDArray[np.float32]:
    """Return overlapping clusters, two outlier groups, a single outlier, and copies of some images."""
    rows = with_outlier_groups((6, 4, 1), seed=3, own=230)
    return np.concatenate([rows, rows[:8], rows[-1:]])


def test_a_large_set_gets_the_clusters_and_outliers_of_a_small_one(
    small_memory: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    large = made_analysis(large_set())
    monkeypatch.undo()
    small = made_analysis(large_set())
    assert large.tree is not None
    assert small.tree is not None
    assert large.tree.micro_clusters > 0 == small.tree.micro_clusters
    assert large.suggested_cut == small.suggested_cut
    cut = small.suggested_cut
    assert adjusted_rand_score(large.tree.roots(cut), small.tree.roots(cut)) > 0.95
    np.testing.assert_array_equal(large.outlier_scores > 1, small.outlier_scores > 1)
    np.testing.assert_array_equal(large.outlier_groups, small.outlier_groups)
    assert small.outlier_groups.max() == 1


def test_copies_in_a_large_set_have_equal_vectors_and_the_same_set_groups_in_the_same_way(
    small_memory: None,
) -> None:
    first, second = made_analysis(large_set()), made_analysis(large_set())
    np.testing.assert_array_equal(first.vectors[241:249], first.vectors[:8])
    assert first.tree is not None
    assert second.tree is not None
    np.testing.assert_array_equal(first.tree.merges, second.tree.merges)
    np.testing.assert_array_equal(first.outlier_scores, second.outlier_scores)
