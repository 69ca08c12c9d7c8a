import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy.cluster.hierarchy import fcluster, leaves_list, linkage
from sklearn.metrics import adjusted_rand_score

from defect_workbench.core.clustering.dendrogram_layout import lay_out, segments
from defect_workbench.core.clustering.merge_tree import Tree
from defect_workbench.core.errors import WorkbenchError
from defect_workbench.core.project.palette import node_colours
from defect_workbench.engine.clustering.linkage import Linkage, build_tree, condensed_distances

POINTS = hnp.arrays(
    np.float64, st.tuples(st.integers(2, 40), st.integers(1, 5)), elements=st.integers(-4, 4).map(float)
)


@settings(max_examples=80, deadline=None)
@given(POINTS, st.integers(1, 40))
def test_any_cut_has_exactly_the_requested_number_of_clusters(points: np.ndarray, clusters: int) -> None:
    tree = build_tree(points)
    wanted = min(clusters, tree.leaves)
    roots = tree.roots(wanted)
    assert len(np.unique(roots)) == wanted
    for root in np.unique(roots):
        np.testing.assert_array_equal(np.sort(tree.members(int(root))), np.flatnonzero(roots == root))


@settings(max_examples=60, deadline=None)
@given(POINTS)
def test_height_of_a_cut_gives_that_cut_back_where_heights_differ(points: np.ndarray) -> None:
    tree = build_tree(points)
    for clusters in range(1, tree.leaves + 1):
        made = tree.leaves - clusters
        tied = 0 < made < len(tree.heights) and np.isclose(tree.heights[made - 1], tree.heights[made])
        if not tied and not (made == 0 and tree.heights[0] == 0):
            assert tree.clusters_at(tree.height_of(clusters)) == clusters


@pytest.mark.parametrize("method", list(Linkage))
def test_tree_is_the_same_as_scipys(method: Linkage) -> None:
    points = np.random.default_rng(2).standard_normal((200, 6))
    tree, expected = build_tree(points, method), linkage(points, method.value)
    np.testing.assert_allclose(tree.heights, expected[:, 2], rtol=1e-9)
    for clusters in (2, 5, 17):
        labels = fcluster(expected, clusters, "maxclust")
        assert adjusted_rand_score(labels, tree.roots(clusters)) == 1.0


def test_equal_images_have_no_distance() -> None:
    points = np.random.default_rng(3).standard_normal((3, 50))[[0, 1, 2, 1]]
    assert condensed_distances(points)[4] == 0


def test_memory_budget_is_kept_or_refused_with_a_reason() -> None:
    points = np.random.default_rng(0).standard_normal((120, 4))
    low = build_tree(points, Linkage.WARD, budget=1000)
    np.testing.assert_allclose(low.heights, build_tree(points).heights, rtol=1e-6)
    with pytest.raises(WorkbenchError, match="use ward or single"):
        build_tree(points, Linkage.AVERAGE, budget=1000)


def test_branches_do_not_cross_and_lines_are_straight() -> None:
    points = np.random.default_rng(5).standard_normal((60, 3))
    tree = build_tree(points)
    layout = lay_out(tree)
    np.testing.assert_array_equal(np.sort(tree.leaf_order), np.arange(60))
    assert set(tree.leaf_order.tolist()) == set(leaves_list(tree.merges).tolist())
    for node in range(60, 119):
        below = layout.x[tree.members(node)]
        assert below.max() - below.min() == pytest.approx(len(below) - 1)
        assert (layout.left[node], layout.right[node]) == (below.min(), below.max())
    lines = segments(tree, layout)
    assert lines.shape == (3 * 59, 2, 2)
    assert ((lines[:, 0, 0] == lines[:, 1, 0]) | (lines[:, 0, 1] == lines[:, 1, 1])).all()


def test_colours_are_distinct_at_every_cut_and_stay_with_the_larger_part() -> None:
    tree = build_tree(np.random.default_rng(6).standard_normal((50, 3)))
    colours = node_colours(tree)
    for clusters in range(1, 51):
        found = colours[np.unique(tree.roots(clusters))]
        assert sorted(found.tolist()) == list(range(clusters))


def test_tree_of_one_image() -> None:
    tree = build_tree(np.zeros((1, 3)))
    assert tree.leaves == 1
    assert tree.roots(1).tolist() == [0]
    assert isinstance(tree, Tree)
