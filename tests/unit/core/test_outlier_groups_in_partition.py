"""Outlier groups in a partition: who belongs to them, and how decisions change them."""

import numpy as np

from defect_workbench.core.clustering.clustering_result import NO_GROUP
from defect_workbench.core.project.decisions import Decisions, Group, divide
from tests.builders import made_analysis, with_outlier_groups

ANALYSIS = made_analysis(with_outlier_groups((5, 4)))
COUNT = len(ANALYSIS)
FIRST, SECOND = np.arange(COUNT - 9, COUNT - 4), np.arange(COUNT - 4, COUNT)


def test_images_of_a_group_are_outliers_and_belong_together() -> None:
    partition = divide(ANALYSIS, 4, Decisions.none(COUNT))
    assert partition.outlier_group_count == 2
    for images in (FIRST, SECOND):
        assert set(images.tolist()) <= set(partition.outliers.tolist())
        for image in images.tolist():
            np.testing.assert_array_equal(np.sort(partition.outliers_with(image)), images)
    inside = partition.cluster_of >= 0
    assert (partition.outlier_groups[inside] == NO_GROUP).all()


def test_an_image_that_was_decided_about_leaves_its_group() -> None:
    decisions, _ = Decisions.none(COUNT).hold(FIRST[:2], Group(name="odd"))
    partition = divide(ANALYSIS, 4, decisions)
    np.testing.assert_array_equal(np.sort(partition.outliers_with(int(FIRST[2]))), FIRST[2:])
    decisions, _ = decisions.hold(FIRST[2:], Group(name="odder"))
    assert divide(ANALYSIS, 4, decisions).outlier_group_count == 1


def test_nearest_clusters_on_average_are_those_of_the_mean_distance() -> None:
    partition = divide(ANALYSIS, 4, Decisions.none(COUNT))
    one, distance = partition.nearest(FIRST[:1], 3)
    numbers, distances = partition.nearest_on_average(FIRST[:1], 3)
    np.testing.assert_array_equal(numbers, one[0])
    np.testing.assert_allclose(distances, distance[0])
    numbers, distances = partition.nearest_on_average(FIRST, 2)
    every, all_distances = partition.nearest(FIRST, len(partition.clusters))
    means = np.array([all_distances[every == number].mean() for number in range(len(partition.clusters))])
    np.testing.assert_array_equal(numbers, np.argsort(means)[:2])
    np.testing.assert_allclose(distances, np.sort(means)[:2])
