"""Settings when single defects are grouped instead of whole images, and back."""

import pytest

from defect_workbench.core.clustering.clustering_result import Settings
from defect_workbench.core.clustering.feature_blocks import BlockWeights
from defect_workbench.core.clustering.group_by import GroupBy
from defect_workbench.core.clustering.map_comparison import map_source, with_other_items
from defect_workbench.core.images.defect_items import Items
from defect_workbench.core.images.defect_maps import MapSource
from defect_workbench.core.images.preprocessing_steps import Preprocessing
from defect_workbench.workflows.detection.describe_set import check_items


def test_references_stay_and_what_single_defects_cannot_have_is_dropped() -> None:
    settings = Settings(
        reference="/golden",
        weights=BlockWeights({"residual": 1.0}, "set by hand"),
        group_by=GroupBy.DEFECT,
        processing=Preprocessing(denoise="median", background="periodic", rescale_nm=5.0),
    )
    defects = with_other_items(settings)
    check_items(defects)
    assert defects.items is Items.DEFECTS
    assert defects.reference == "/golden"
    assert defects.weights is None
    assert defects.processing == Preprocessing(denoise="median")
    assert with_other_items(defects).items is Items.PICTURES


def test_clean_images_are_dropped_and_the_own_background_is_the_source() -> None:
    defects = with_other_items(Settings(clean_images=("0" * 64,)))
    check_items(defects)
    assert map_source(defects, 100) is MapSource.SELF


def test_both_gives_the_crop_a_fifth_of_the_weight() -> None:
    shares = GroupBy.BOTH.shares(["deep", "change", "zernike"])
    assert shares == {"deep": 0.2, "change": 0.8}
    assert GroupBy.DEFECT.shares(["deep", "change"]) == {"change": 1.0}
    assert GroupBy.BOTH.shares(["deep", "defect", "residual"]) == {
        "deep": 0.5,
        "defect": 0.25,
        "residual": 0.25,
    }
    shares = GroupBy.DEFECT.shares(["deep", "defect", "foreground"])
    assert shares == pytest.approx({"defect": 0.3, "foreground": 0.7})
