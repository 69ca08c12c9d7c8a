from pathlib import Path

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from defect_workbench.core.clustering.clustering_result import Settings
from defect_workbench.core.project.decisions import UNDECIDED, Decisions, Group, divide
from tests.builders import blobs, made_analysis, made_project

ANALYSIS = made_analysis(blobs((20, 12, 8, 1), spread=0.4))
COUNT = len(ANALYSIS)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(st.sets(st.integers(0, COUNT - 1), min_size=1, max_size=12), st.booleans()), max_size=5
    ),
    st.lists(st.tuples(st.integers(0, COUNT - 1), st.integers(0, COUNT - 1)), max_size=6),
    st.integers(1, COUNT),
    st.integers(1, COUNT),
)
def test_decisions_survive_every_cut_and_every_image_is_somewhere_once(
    held: list[tuple[set[int], bool]], followed: list[tuple[int, int]], first: int, second: int
) -> None:
    decisions = Decisions.none(COUNT)
    for members, confirmed in held:
        decisions, _ = decisions.hold(np.array(sorted(members)), Group(confirmed=confirmed))
    for image, leader in followed:
        if image != leader:
            decisions = decisions.follow(np.array([image]), leader)
    for cut in (first, second):
        partition = divide(ANALYSIS, cut, decisions)
        everywhere = np.concatenate([c.members for c in partition.clusters] + [partition.outliers])
        np.testing.assert_array_equal(np.sort(everywhere), np.arange(COUNT))
        for number in decisions.groups:
            own = np.flatnonzero(decisions.held[decisions.leaders()] == number)
            found = [c for c in partition.clusters if c.number == number]
            assert len(found) == 1
            np.testing.assert_array_equal(np.sort(found[0].members), own)
        assert not (decisions.held[partition.outliers] != UNDECIDED).any()
        for follower in np.flatnonzero(decisions.follows != UNDECIDED):
            assert partition.cluster_of[follower] == partition.cluster_of[decisions.follows[follower]] >= 0


def test_clusters_are_numbered_by_falling_size_and_outliers_set_apart(tmp_path: Path) -> None:
    partition = divide(ANALYSIS, 4, Decisions.none(COUNT))
    assert [c.label for c in partition.clusters[:2]] == ["cluster-01", "cluster-02"]
    sizes = [len(c.members) for c in partition.clusters]
    assert sizes == sorted(sizes, reverse=True)
    assert COUNT - 1 in partition.outliers


def test_members_go_from_the_medoid_outwards() -> None:
    cluster = divide(ANALYSIS, 3, Decisions.none(COUNT)).clusters[0]
    rows = ANALYSIS.vectors[cluster.members].astype(float)
    from_medoid = np.linalg.norm(rows - rows[0], axis=1)
    assert (np.diff(from_medoid) >= 0).all()
    squared = ((rows[:, None] - rows[None]) ** 2).sum(-1).sum(1)
    assert squared[0] == squared.min()


def test_nearest_clusters_come_in_order(tmp_path: Path) -> None:
    project = made_project(tmp_path)
    nearest, distances = project.partition.nearest(np.arange(19), 3)
    assert nearest.shape == (19, 3)
    assert (np.diff(distances, axis=1) >= 0).all()
    own = project.partition.cluster_of
    assert (nearest[own >= 0, 0] == own[own >= 0]).all()


def test_a_given_name_is_never_given_twice() -> None:
    decisions = Decisions.none(COUNT)
    decisions, _ = decisions.hold(np.arange(3), Group(name="Cluster-01"))
    labels = [c.label.casefold() for c in divide(ANALYSIS, 4, decisions).clusters]
    assert len(labels) == len(set(labels))


def test_affinity_propagation_makes_a_partition_too() -> None:
    from defect_workbench.core.clustering.feature_blocks import BlockWeights

    weights = BlockWeights({"deep": 1}, "")
    chosen = Settings("affinity", {"preference": -3.0, "damping": 0.8}, weights)
    analysis = made_analysis(blobs((20, 15, 10)), chosen)
    assert analysis.tree is None
    assert analysis.flat is not None
    assert analysis.flat.tree_of_representatives is not None
    assert len(divide(analysis, 0, Decisions.none(45)).clusters) == 3
