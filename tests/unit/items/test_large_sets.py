"""Sets of more defects than are clustered: a random part, and the others added to it."""

from collections.abc import Sequence

import numpy as np
import pytest

from defect_workbench.core.arrays import Vectors
from defect_workbench.core.clustering.clustering_result import Settings
from defect_workbench.core.clustering.feature_blocks import BlockWeights, Features
from defect_workbench.core.clustering.merge_tree import Tree
from defect_workbench.core.progress import SilentReporter
from defect_workbench.core.project.decisions import base_labels
from defect_workbench.engine.clustering.large.memory_budget import most_rows
from defect_workbench.engine.clustering.large.normalised_parts import normalised_in_parts
from defect_workbench.engine.clustering.partial_group import regroup_part, with_followers
from defect_workbench.engine.features.fusion import normalised_block
from defect_workbench.engine.items.large_sets import random_part
from tests.builders import BACKBONE, blobs

CONTENTS = [f"{row:064x}" for row in range(40)]


def test_the_random_part_depends_on_the_contents_alone() -> None:
    part = random_part(CONTENTS, 10)
    assert len(part) == 10
    assert (np.diff(part) > 0).all()
    turned = CONTENTS[::-1]
    assert {CONTENTS[row] for row in part} == {turned[row] for row in random_part(turned, 10)}
    np.testing.assert_array_equal(random_part(CONTENTS, 40), np.arange(40))


def test_as_many_rows_are_clustered_as_pairs_fit_into_the_budget() -> None:
    rows = most_rows(4000)
    assert 4 * rows * (rows - 1) <= 4000 < 4 * (rows + 1) * rows


@pytest.mark.parametrize("columns", [30, 150])
def test_rows_outside_the_part_are_scaled_and_reduced_as_those_in_it(columns: int) -> None:
    """With 150 columns, the block `deep` is reduced to 100 components."""
    rng = np.random.default_rng(0)
    some = {
        "deep": rng.standard_normal((160, columns)).astype(np.float32),
        "change": rng.integers(0, 3, (160, 3)).astype(np.float32),
    }
    # Every row of the part has a twin outside it.
    everything = {name: np.concatenate([block, block]) for name, block in some.items()}
    part = np.arange(160)

    def read(rows: Sequence[int]) -> dict[str, Vectors]:
        return {name: block[list(rows)] for name, block in everything.items()}

    found = normalised_in_parts(Features(some, BACKBONE), part, 320, read, SilentReporter())
    for name, block in found.items():
        np.testing.assert_allclose(block[:160], normalised_block(name, some[name]), rtol=1e-5, atol=1e-6)
        np.testing.assert_allclose(block[160:], block[:160], rtol=1e-4, atol=1e-4)


def test_others_join_the_cluster_of_the_row_they_resemble_and_far_ones_are_outliers() -> None:
    vectors = blobs((30, 30, 30))
    far = np.full((1, vectors.shape[1]), 40, np.float32)
    rows = np.concatenate([vectors, far])
    part = np.arange(0, 90, 3)
    settings = Settings(weights=BlockWeights({"deep": 1.0}, "for a test"))
    analysis = regroup_part({"deep": rows}, part, BACKBONE, settings, SilentReporter())
    assert len(analysis) == 91
    assert analysis.tree is not None
    assert analysis.tree.leaves == 91
    assert analysis.suggested_cut == 3
    labels = base_labels(analysis, 3)
    for start in (0, 30, 60):
        assert len(set(labels[start : start + 30].tolist())) == 1
    assert len(set(labels[:90].tolist())) == 3
    assert analysis.outlier_scores[90] > 1
    assert (analysis.outlier_scores[:90] < analysis.outlier_scores[90]).all()


def test_a_part_that_is_everything_gives_the_usual_result() -> None:
    vectors = blobs((20, 20))
    settings = Settings(weights=BlockWeights({"deep": 1.0}, "for a test"))
    whole = regroup_part({"deep": vectors}, np.arange(40), BACKBONE, settings, SilentReporter())
    assert whole.tree is not None
    assert whole.tree.heights[0] > 0


def test_followers_are_merged_at_height_0_and_sizes_count_them() -> None:
    tree = Tree(np.array([[0.0, 1.0, 0.5, 2.0], [2.0, 3.0, 1.0, 3.0]]))
    part, others, leaders = np.array([1, 3, 5]), np.array([0, 2, 4]), np.array([3, 3, 5])
    extended = with_followers(tree, part, others, leaders)
    assert extended.leaves == 6
    np.testing.assert_array_equal(extended.heights, [0, 0, 0, 0.5, 1.0])
    np.testing.assert_array_equal(extended.merges[:, 3], [2, 3, 2, 4, 6])
    groups = extended.roots(3)
    assert groups[0] == groups[2] == groups[3]
    assert groups[4] == groups[5]
    assert len({groups[1], groups[3], groups[5]}) == 3
