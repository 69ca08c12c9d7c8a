"""What is done with more images than can be compared in pairs, apart from their tree and outliers."""

from __future__ import annotations

import numpy as np
import pytest

from defect_workbench.core.distances import distances
from defect_workbench.core.progress import SilentReporter
from defect_workbench.core.table_columns import Column, ColumnKind
from defect_workbench.engine.clustering.agreement import compare
from defect_workbench.engine.clustering.association import associate
from defect_workbench.engine.clustering.large import memory_budget
from defect_workbench.engine.clustering.map_layout import neighbour_plane
from defect_workbench.engine.clustering.match_confirmed import NEW, match_new
from tests.builders import blobs


@pytest.fixture
def small_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let no more than 60 rows be compared in pairs."""
    monkeypatch.setattr(memory_budget, "BUDGET", 4 * 60 * 59)


def test_the_map_places_every_image_among_its_own_kind_and_says_how(small_memory: None) -> None:
    vectors, kinds = blobs((40, 40, 40)), np.repeat([0, 1, 2], 40)
    reporter = SilentReporter()
    plane = neighbour_plane(vectors, reporter)
    assert "a random part of 60 images" in reporter.warnings[0]
    between = distances(plane) + np.diag(np.full(120, np.inf))
    assert (kinds[between.argmin(axis=1)] == kinds).all()


def test_thousands_of_outliers_do_not_make_the_table_of_a_comparison_larger() -> None:
    here = [(str(number), "pits" if number < 100 else f"outlier {number}") for number in range(3300)]
    there = [(content, label.upper()) for content, label in here]
    found = compare(here, there)
    assert found.adjusted_rand_index == 1
    assert found.purity == 1
    assert found.table.shape == (3000, 3000)
    assert found.table.sum() == 3300
    assert found.rows[-1] == "202 others"
    assert len(found.images_of(2999, 2999)) == 202


def test_a_column_of_too_many_values_for_many_clusters_is_not_tested() -> None:
    images, clusters, values = 12_000, 6_000, 2_000
    cells = tuple(f"v{number % values:04d}" for number in range(images))
    found = associate(
        Column("recipe", ColumnKind.TEXT, cells),
        np.arange(images) % clusters,
        [f"c{i}" for i in range(clusters)],
    )
    assert found.table.size <= 10_000_000
    assert found.reading == "Not tested: there are 2,000 values and 6,000 clusters."


def test_new_images_match_a_confirmed_cluster_of_thousands(small_memory: None) -> None:
    known, clusters = blobs((4500, 30), seed=2), np.repeat([0, 1], [4500, 30])
    rng = np.random.default_rng(0)
    new = np.concatenate([known[[7, 4510]] + 0.01 * rng.standard_normal((2, 12)), -3 * known[:1]])
    found = match_new({"deep": known}, clusters, {"deep": new.astype(np.float32)})
    np.testing.assert_array_equal(found.cluster, [0, 1, NEW])
