"""Images that are grouped by the defect are outliers, too, if they stand alone as whole pictures."""

from dataclasses import replace

import numpy as np
import pytest

from defect_workbench.core.clustering.clustering_result import Analysis, Settings
from defect_workbench.core.clustering.feature_blocks import DEEP, DEFECT, FOREGROUND, BlockWeights, Features
from defect_workbench.core.clustering.group_by import GroupBy
from defect_workbench.core.clustering.outlier_reason import outlier_reason, outlier_words
from defect_workbench.core.images.defect_items import Items
from defect_workbench.core.progress import SilentReporter
from defect_workbench.engine.clustering.group import analyse, regroup
from defect_workbench.engine.clustering.picture_outliers import picture_scores
from tests.builders import BACKBONE, blobs, mixed_features

# In `mixed_features`: the image with a background of its own, and the one with a defect of its own.
BACKGROUND, STRANGE = 150, 151
BY_DEFECT = Settings(group_by=GroupBy.DEFECT)
BY_PICTURE = Settings(weights=BlockWeights({DEEP: 1.0}, "set by the user"))


@pytest.fixture(scope="module")
def features() -> Features:
    return mixed_features()


def outliers(analysis: Analysis) -> list[int]:
    return np.flatnonzero(analysis.outlier_scores > 1).tolist()


def test_image_with_a_foreign_background_is_an_outlier_among_images_grouped_by_the_defect(
    features: Features,
) -> None:
    analysis = analyse(features, BY_DEFECT, SilentReporter())
    assert outliers(analysis) == [BACKGROUND, STRANGE]
    assert outlier_reason(analysis, BACKGROUND) == "its background resembles no other"
    assert outlier_words(analysis, STRANGE).endswith(": its defect resembles no other")
    assert outlier_words(analysis, 0) == "singleton at this cut"


def test_settings_of_an_earlier_version_search_the_defects_alone(features: Features) -> None:
    analysis = analyse(features, replace(BY_DEFECT, outlier_pictures=False), SilentReporter())
    assert outliers(analysis) == [STRANGE]
    assert analysis.picture_scores is None
    assert outlier_reason(analysis, STRANGE) == ""


@pytest.mark.parametrize(
    "settings",
    [
        BY_PICTURE,
        Settings(group_by=GroupBy.BOTH),
        Settings(weights=BlockWeights({DEEP: 0.1, DEFECT: 1.0}, "set by the user")),
        replace(BY_DEFECT, items=Items.DEFECTS),
    ],
    ids=["by picture", "by both", "by weights", "single defects"],
)
def test_pictures_are_judged_alone_only_if_nothing_else_does(features: Features, settings: Settings) -> None:
    analysis = analyse(features, settings, SilentReporter())
    before = analyse(features, replace(settings, outlier_pictures=False), SilentReporter())
    np.testing.assert_array_equal(analysis.outlier_scores, before.outlier_scores)
    assert outlier_reason(analysis, BACKGROUND) == ""


def test_scores_of_pictures_are_kept_when_the_images_are_grouped_by_something_else(
    features: Features,
) -> None:
    first = analyse(features, BY_DEFECT, SilentReporter())
    pictures = first.picture_scores
    other = regroup(first.blocks, BACKBONE, BY_PICTURE, SilentReporter(), pictures=pictures)
    again = regroup(other.blocks, BACKBONE, BY_DEFECT, SilentReporter(), pictures=other.picture_scores)
    np.testing.assert_array_equal(again.outlier_scores, first.outlier_scores)


def test_few_images_of_another_background_are_not_outliers(features: Features) -> None:
    deep = features.blocks[DEEP].copy()
    deep[:4] = deep[BACKGROUND] + 0.05 * np.random.default_rng(1).standard_normal((4, deep.shape[1]))
    analysis = analyse(replace(features, blocks={**features.blocks, DEEP: deep}), BY_DEFECT, SilentReporter())
    assert outliers(analysis) == [STRANGE]


def test_no_picture_stands_alone_if_all_resemble_each_other() -> None:
    """The rest of the set decides how far is unusual, but not how far is foreign."""
    rng = np.random.default_rng(0)
    deep = (1 + 0.02 * rng.standard_normal((80, 40))).astype(np.float32)
    deep[3] += 0.3 * rng.standard_normal(40)
    rest = blobs((40, 40), columns=20)
    made = Features({DEEP: deep, DEFECT: rest, FOREGROUND: rest}, BACKBONE)
    assert 3 in outliers(analyse(made, BY_PICTURE, SilentReporter()))
    assert 3 not in outliers(analyse(made, BY_DEFECT, SilentReporter()))


def test_copies_count_once_and_few_images_are_too_few(features: Features) -> None:
    deep = features.blocks[DEEP]
    normalised = analyse(features, BY_DEFECT, SilentReporter()).blocks[DEEP]
    copied = np.concatenate([np.arange(len(deep)), np.full(8, BACKGROUND)])
    scores = picture_scores(deep[copied], normalised[copied], SilentReporter())
    assert (scores[copied == BACKGROUND] > 1).all()
    assert not picture_scores(deep[103:], normalised[103:], SilentReporter()).any()


def test_large_sets_have_the_same_scores(features: Features, monkeypatch: pytest.MonkeyPatch) -> None:
    small = analyse(features, BY_DEFECT, SilentReporter())
    assert small.picture_scores is not None
    deep, rows = features.blocks[DEEP], small.blocks[DEEP]
    monkeypatch.setattr(
        "defect_workbench.engine.clustering.picture_outliers.most_rows", lambda: len(deep) - 1
    )
    large = picture_scores(deep, rows, SilentReporter())
    np.testing.assert_allclose(large, small.picture_scores, atol=1e-6)
