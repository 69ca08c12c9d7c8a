import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from defect_workbench.core.arrays import Floats
from defect_workbench.core.clustering.clustering_result import NO_GROUP, Settings
from defect_workbench.core.progress import SilentReporter
from defect_workbench.engine.clustering.group import refine
from defect_workbench.engine.clustering.outlier_groups import (
    JudgedOutliers,
    judge_small_groups,
    largest_group,
)
from defect_workbench.engine.clustering.outliers import outlier_scores
from tests.builders import blobs, made_analysis, with_outlier_groups


def judged(vectors: Floats) -> JudgedOutliers:
    return judge_small_groups(vectors, outlier_scores(vectors))


def planted(sizes: tuple[int, ...], seed: int, own: int = 250) -> Floats:
    return with_outlier_groups(sizes, seed, own).astype(np.float64)


def sets_of(groups: np.ndarray) -> set[frozenset[int]]:
    return {frozenset(np.flatnonzero(groups == number).tolist()) for number in np.unique(groups[groups >= 0])}


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("sizes", [(3,), (9,), (10,), (3, 3, 3), (5, 4)])
def test_images_that_resemble_each_other_and_no_others_are_flagged_as_groups(
    sizes: tuple[int, ...], seed: int
) -> None:
    found = judged(planted(sizes, seed))
    assert (found.scores[250:] > 1).all()
    starts = 250 + np.cumsum([0, *sizes])
    assert sets_of(found.groups) == {
        frozenset(range(a, b)) for a, b in zip(starts[:-1].tolist(), starts[1:].tolist(), strict=True)
    }
    assert (found.scores[:250] > 1).mean() <= 0.02


def test_two_similar_outliers_are_flagged_one_by_one() -> None:
    found = judged(planted((2,), 0))
    assert (found.scores[250:] > 1).all()
    assert (found.groups == NO_GROUP).all()


def test_a_real_cluster_of_more_images_is_no_outlier_group() -> None:
    found = judged(planted((30,), 0))
    assert (found.scores[250:] <= 1).all()
    assert (found.groups == NO_GROUP).all()


def test_dissimilar_outliers_are_not_one_group() -> None:
    found = judged(planted((1,) * 9, 0))
    assert (found.scores[250:] > 1).all()
    assert (found.groups == NO_GROUP).all()


def test_at_most_a_tenth_is_flagged_as_groups_in_a_set_of_small_classes() -> None:
    found = judged(blobs((8,) * 25, 0, 30, 0.5).astype(np.float64))
    assert (found.scores > 1).mean() <= 0.1


def test_groups_are_numbered_by_falling_score() -> None:
    found = judged(planted((3, 4, 5), 1))
    highest = [found.scores[found.groups == number].max() for number in range(3)]
    assert highest == sorted(highest, reverse=True)


def test_scores_of_unflagged_images_remain() -> None:
    vectors = planted((5,), 2)
    before = outlier_scores(vectors)
    found = judge_small_groups(vectors, before)
    unflagged = (found.scores <= 1) & (before <= 1)
    np.testing.assert_array_equal(found.scores[unflagged], before[unflagged])
    assert (found.scores[found.groups >= 0] > 1).all()


def test_copies_of_an_image_count_as_one_neighbour_and_belong_to_its_group() -> None:
    vectors = planted((3,), 0)
    vectors = np.concatenate([vectors, vectors[250:], vectors[250:]])
    found = judged(vectors)
    assert sets_of(found.groups) == {frozenset(range(250, 259))}


def test_few_images_are_judged_one_by_one() -> None:
    vectors = planted((3,), 0, own=46)
    before = outlier_scores(vectors)
    found = judge_small_groups(vectors, before)
    assert found.scores is before
    assert (found.groups == NO_GROUP).all()


@settings(max_examples=25, deadline=None)
@given(
    st.integers(0, 10**6),
    st.lists(st.integers(1, 14), max_size=4).map(tuple),
    st.integers(60, 300),
    st.sampled_from([0.0, 1.0, 5.0]),
)
def test_groups_are_small_and_do_not_depend_on_the_order_of_the_images(
    seed: int, sizes: tuple[int, ...], own: int, offset: float
) -> None:
    vectors = planted(sizes, seed, own) + offset
    found, again = judged(vectors), judged(vectors)
    np.testing.assert_array_equal(found.groups, again.groups)
    np.testing.assert_array_equal(found.scores, again.scores)
    order = np.random.default_rng(seed).permutation(len(vectors))
    shuffled = judged(vectors[order])
    assert sets_of(found.groups) == {
        frozenset(order[sorted(group)].tolist()) for group in sets_of(shuffled.groups)
    }
    np.testing.assert_allclose(shuffled.scores, found.scores[order], atol=1e-6)
    counts = np.bincount(found.groups[found.groups >= 0])
    assert ((counts >= 3) & (counts <= largest_group(len(vectors)))).all()
    assert (found.scores[found.groups >= 0] > 1).all()


def test_largest_group_is_ten_images_or_a_hundredth_and_less_in_small_sets() -> None:
    assert [largest_group(n) for n in (60, 150, 250, 1000, 1100, 5000)] == [4, 10, 10, 10, 11, 50]


def test_analysis_has_the_groups_unless_the_settings_are_those_of_an_earlier_version() -> None:
    vectors = planted((6,), 3).astype(np.float32)
    analysis = made_analysis(vectors)
    assert (analysis.outlier_groups[250:] == 0).all()
    earlier = made_analysis(vectors, Settings(weights=analysis.settings.weights, outlier_groups=False))
    assert (earlier.outlier_groups == NO_GROUP).all()
    np.testing.assert_array_equal(
        earlier.outlier_scores, outlier_scores(np.asarray(earlier.blocks["deep"], np.float64))
    )


def test_part_of_a_set_that_is_refined_has_no_outlier_groups() -> None:
    part = refine(planted((6,), 3).astype(np.float32), Settings(), SilentReporter())
    assert (part.outlier_groups == NO_GROUP).all()
    assert not part.outlier_scores.any()
