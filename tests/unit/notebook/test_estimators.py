"""The estimators follow the conventions of scikit-learn."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.pipeline import make_pipeline
from sklearn.utils.estimator_checks import parametrize_with_checks

from defect_workbench.core.project.decisions import Decisions, divide
from defect_workbench.engine import (
    DefectClusters,
    FusionVectors,
    InputError,
    WorkbenchWarning,
    cluster,
    extract,
)
from tests.builders import blobs, made_analysis, made_lot

pytestmark = pytest.mark.filterwarnings("ignore:there are no network weights")


checks_of_scikit_learn: pytest.MarkDecorator = parametrize_with_checks([DefectClusters()])


@checks_of_scikit_learn
def test_clusters_pass_the_checks_of_scikit_learn(estimator: Any, check: Callable[[Any], None]) -> None:
    check(estimator)


@pytest.fixture
def lot(tmp_path: Path) -> list[Path]:
    return sorted(made_lot(tmp_path / "lot", 14).glob("*.png"))


def test_clusters_of_vectors_are_those_of_the_analysis() -> None:
    vectors = blobs((20, 12, 9, 1))
    analysis = made_analysis(vectors)
    expected = divide(analysis, analysis.suggested_cut, Decisions.none(len(vectors))).cluster_of
    found = DefectClusters().fit(analysis.vectors)
    np.testing.assert_array_equal(found.labels_, expected)
    assert found.labels_.dtype == np.intp
    assert found.labels_[-1] == -1
    assert found.n_clusters_ == expected.max() + 1
    assert found.suggested_cuts_[0].clusters == analysis.suggested_cut
    assert found.children_.shape == (len(vectors) - 1, 2)


def test_a_number_and_a_height_give_the_same_cut() -> None:
    vectors = blobs((20, 12, 9))
    by_number = DefectClusters(n_clusters=3).fit(vectors)
    height = by_number.distances_[-3] + 1e-9
    by_height = DefectClusters(distance_threshold=height).fit(vectors)
    np.testing.assert_array_equal(by_number.labels_, by_height.labels_)
    assert by_number.n_clusters_ == 3


@pytest.mark.parametrize(
    ("parameters", "words"),
    [
        ({"n_clusters": 0}, "whole number from 1 up, not 0"),
        ({"n_clusters": 2.5}, "whole number from 1 up, not 2.5"),
        ({"n_clusters": 99}, "only 9 images; pass fewer clusters"),
        ({"n_clusters": 3, "distance_threshold": 1.0}, "not both"),
        ({"distance_threshold": -1.0}, "from 0 up"),
        ({"damping": 0.7}, "damping belongs to the method affinity"),
        ({"method": "affinity", "n_clusters": 3}, "no tree to cut"),
        ({"method": "kmeans"}, "kmeans"),
        ({"linkage": "centroid"}, "linkage must be one of ward"),
        ({"random_state": -1}, "the seed must be a whole number"),
    ],
)
def test_an_impossible_parameter_is_named(parameters: dict[str, Any], words: str) -> None:
    with pytest.raises(InputError, match=words):
        DefectClusters(**parameters).fit(blobs((5, 4)))


def test_vectors_are_those_of_a_clustering_by_picture(lot: list[Path]) -> None:
    features = extract(lot, weights="offline")
    expected = cluster(features, group_by="picture").vectors
    given = [lot[3], lot[0], lot[3], *lot[1:]]
    model = FusionVectors(weights="offline")
    found = model.fit_transform(lot)
    np.testing.assert_array_equal(found.astype(np.float32), expected)
    np.testing.assert_allclose(model.transform(lot), found, atol=1e-6)
    rows = [3, 0, 3, *range(1, len(lot))]
    np.testing.assert_allclose(model.transform(given), found[rows], atol=1e-6)
    assert len(model.get_feature_names_out()) == found.shape[1]


def test_images_that_were_not_learnt_from_get_vectors_on_the_same_axes(lot: list[Path]) -> None:
    model = FusionVectors({"haralick": 1, "zernike": 1}, weights="offline").fit(lot[:10])
    near = model.transform(lot[10:])
    assert near.shape == (4, model.transform(lot[:1]).shape[1])
    # Equal images have equal vectors, whatever they are transformed with.
    np.testing.assert_array_equal(model.transform([lot[11]])[0], near[1])
    assert set(model.blocks_) == {"haralick", "zernike"}


def test_a_pipeline_groups_images_like_the_steps(lot: list[Path]) -> None:
    pipeline = make_pipeline(FusionVectors(weights="offline"), DefectClusters(n_clusters=3))
    labels = clone(pipeline).fit_predict(lot)
    vectors = FusionVectors(weights="offline").fit_transform(lot)
    np.testing.assert_array_equal(labels, DefectClusters(3).fit_predict(vectors))


def test_parameters_are_read_set_and_cloned(lot: list[Path]) -> None:
    model = FusionVectors(weights="offline", denoise="median")
    assert model.get_params()["denoise"] == "median"
    twin = clone(model).set_params(denoise="none", random_state=3)
    assert (twin.denoise, twin.random_state, model.denoise) == ("none", 3, "median")
    with pytest.raises(NotFittedError):
        twin.transform(lot)
    fitted = pickle.loads(pickle.dumps(twin.fit(lot)))
    np.testing.assert_array_equal(fitted.transform(lot), twin.transform(lot))


def test_an_image_that_cannot_be_used_is_named(lot: list[Path]) -> None:
    lot[4].write_bytes(b"not an image")
    with pytest.raises(InputError, match=r"04\.png cannot be used: not an image"):
        FusionVectors(weights="offline").fit(lot)


def test_missing_weights_are_a_warning_at_the_line_of_the_caller(lot: list[Path]) -> None:
    with pytest.warns(WorkbenchWarning, match="no network weights") as caught:
        extract(lot, weights="offline")
    assert caught[0].filename == __file__
