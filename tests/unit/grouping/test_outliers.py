import numpy as np
import pytest
from sklearn.neighbors import NearestNeighbors

from defect_workbench.core.arrays import Floats, Integers
from defect_workbench.engine.clustering.methods import affinity
from defect_workbench.engine.clustering.outliers import nearest_neighbours, outlier_scores
from tests.builders import blobs


@pytest.mark.parametrize("seed", range(4))
def test_planted_strangers_are_flagged_and_hardly_anything_else(seed: int) -> None:
    own = blobs((150, 80, 60), seed, 30, 0.3).astype(np.float64)
    rng = np.random.default_rng(seed + 100)
    strangers = rng.standard_normal((9, 30)) * 3
    scores = outlier_scores(np.concatenate([own, strangers]))
    assert (scores[-9:] > 1).mean() >= 0.9
    assert (scores[:-9] > 1).mean() <= 0.03


def test_neighbours_are_the_nearest_other_rows() -> None:
    points = np.random.default_rng(0).standard_normal((150, 5))
    distances, indices = nearest_neighbours(points, 7)
    expected, rows = NearestNeighbors(n_neighbors=8).fit(points).kneighbors(points)
    np.testing.assert_allclose(distances, expected[:, 1:], atol=1e-7)
    np.testing.assert_array_equal(indices, rows[:, 1:])


def test_copies_are_no_outliers_and_do_no_harm() -> None:
    points = np.repeat(np.random.default_rng(0).standard_normal((20, 5)), 6, axis=0)
    scores = outlier_scores(points)
    assert np.isfinite(scores).all()


def test_few_images_are_never_flagged() -> None:
    assert not outlier_scores(np.random.default_rng(0).standard_normal((9, 3))).any()


def test_affinity_propagation_finds_groups_and_exemplars() -> None:
    vectors = blobs((20, 15, 10)).astype(np.float64)
    exemplars, labels = affinity.affinity_propagation(vectors, preference=-50)
    assert len(exemplars) == 3
    assert (labels[exemplars] == np.arange(3)).all()
    assert len(np.unique(labels[:20])) == 1


def test_unconverged_affinity_propagation_is_refused_with_a_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(affinity, "_ITERATIONS", 8)
    vectors = np.random.default_rng(0).standard_normal((300, 2))
    with pytest.raises(affinity.NotConverged, match="did not converge"):
        affinity.affinity_propagation(vectors)


def test_damping_is_raised_until_it_converges_unless_it_was_given(monkeypatch: pytest.MonkeyPatch) -> None:
    real, tried = affinity._propagate, []

    def only_from_08(
        vectors: Floats, preference: float | None, damping: float, seed: int
    ) -> tuple[Integers, Integers]:
        tried.append(damping)
        if damping < 0.8:
            raise affinity.NotConverged("it did not converge")
        return real(vectors, preference, damping, seed)

    monkeypatch.setattr(affinity, "_propagate", only_from_08)
    vectors = blobs((20, 15, 10)).astype(np.float64)
    exemplars, _ = affinity.affinity_propagation(vectors, preference=-50)
    assert (tried, len(exemplars)) == ([0.7, 0.8], 3)
    with pytest.raises(affinity.NotConverged):
        affinity.affinity_propagation(vectors, preference=-50, damping=0.7)


def test_a_refined_cluster_has_a_preference_and_a_damping_of_its_own() -> None:
    given = affinity.ENTRY.completed({"preference": -3.0, "damping": 0.9, "linkage": "average"})
    assert affinity.ENTRY.for_one_cluster is not None
    assert affinity.ENTRY.for_one_cluster(given) == {
        "preference": None,
        "damping": None,
        "linkage": "average",
    }
