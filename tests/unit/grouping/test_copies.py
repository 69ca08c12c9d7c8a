"""Copies of one picture count once, stay together, and make nothing random."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from defect_workbench.core.arrays import Integers
from defect_workbench.core.clustering.clustering_result import Settings
from defect_workbench.core.clustering.feature_blocks import Features
from defect_workbench.core.progress import SilentReporter
from defect_workbench.core.project.decisions import Decisions, divide
from defect_workbench.engine.clustering.group import analyse
from defect_workbench.engine.clustering.outliers import outlier_scores
from defect_workbench.engine.clustering.registry import METHODS
from defect_workbench.engine.features.distinct_rows import distinct_rows
from defect_workbench.engine.features.fusion import normalised_block
from defect_workbench.engine.features.pca import principal_components
from tests.builders import BACKBONE


def copied(different: int, each: int, seed: int = 0, columns: int = 2048) -> NDArray[np.float32]:
    """Different deep vectors, each repeated, in mixed order."""
    rng = np.random.default_rng(seed)
    rows: NDArray[np.float32] = np.abs(rng.standard_normal((different, columns))).astype(np.float32)
    return np.take(rows, rng.permutation(np.repeat(np.arange(different), each)), axis=0)


def places(rows: NDArray[np.float32]) -> Integers:
    return distinct_rows(rows)[1]


@given(st.lists(st.integers(0, 4), max_size=30))
def test_distinct_rows_are_the_first_of_each_kind(numbers: list[int]) -> None:
    rows = np.array(numbers, np.float64).reshape(-1, 1)
    first, place = distinct_rows(rows)
    assert [numbers[i] for i in first] == list(dict.fromkeys(numbers))
    assert np.array_equal(rows[first][place], rows)


@pytest.mark.parametrize(("different", "each"), [(60, 2), (30, 5), (20, 6), (3, 50)])
def test_components_of_few_different_images_are_the_same_every_time(different: int, each: int) -> None:
    """The rank is below the number of components, where ARPACK restarts from random numbers."""
    rows = copied(different, each)
    found = [normalised_block("deep", rows) for _ in range(3)]
    assert all(np.array_equal(found[0], other) for other in found[1:])
    place = places(rows)
    assert len(distinct_rows(found[0])[0]) == different
    assert np.array_equal(places(found[0].astype(np.float32)), place)


def test_components_are_those_of_a_full_decomposition() -> None:
    rng = np.random.default_rng(5)
    for shape in ((300, 40), (40, 300), (150, 150)):
        rows = rng.standard_normal(shape) * np.geomspace(5, 0.1, shape[1])
        rows -= rows.mean(axis=0)
        found = principal_components(rows, 7)
        left, sizes, _ = np.linalg.svd(rows, full_matrices=False)
        assert np.allclose(np.abs(found), np.abs(left[:, :7] * sizes[:7]), atol=1e-9)


def test_equal_images_have_no_distance_whatever_their_number() -> None:
    rows = np.repeat(copied(1, 1), 150, axis=0)
    assert not normalised_block("deep", rows).any()
    assert not outlier_scores(normalised_block("deep", rows)).any()


@pytest.mark.parametrize("method", METHODS.names)
@pytest.mark.parametrize(("different", "each"), [(1, 30), (1, 150), (30, 5), (12, 4), (40, 1)])
def test_copies_share_a_cluster(method: str, different: int, each: int) -> None:
    rows = copied(different, each, seed=3)
    blocks = {"deep": rows, "haralick": rows[:, :26], "zernike": rows[:, :25]}
    settings = Settings(method, {"damping": 0.9})
    analysis = analyse(Features(blocks, BACKBONE), settings, SilentReporter())
    place = places(rows)
    cuts = [suggestion.clusters for suggestion in analysis.suggestions] or [1]
    assert max(cuts) <= max(different - 1, 1)
    for cut in cuts:
        partition = divide(analysis, cut, Decisions.none(len(rows)))
        for number in range(different):
            assert len(set(partition.cluster_of[place == number].tolist())) == 1
            assert len(set(analysis.outlier_scores[place == number].tolist())) == 1
    if different == 1:
        assert not len(partition.outliers)
        assert len(partition.clusters) == 1
