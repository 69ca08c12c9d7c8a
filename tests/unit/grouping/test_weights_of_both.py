"""Block weights where images are grouped by the picture and its defect."""

from __future__ import annotations

import pytest

from defect_workbench.core.clustering.clustering_result import Settings
from defect_workbench.core.clustering.feature_blocks import BlockWeights, Features
from defect_workbench.core.clustering.group_by import GroupBy, GroupByChoice
from defect_workbench.core.images.defect_items import Items
from defect_workbench.core.progress import SilentReporter
from defect_workbench.engine.clustering.group import analyse
from tests.builders import blobs

CHOICE = GroupByChoice(GroupBy.BOTH, "few backgrounds are plain")
SIZES = (40, 40, 40, 40)


def weights(shape_spread: float, settings: Settings, defect: str = "defect") -> BlockWeights:
    blocks = {
        "deep": blobs(SIZES, 1, 60, 0.8),
        "haralick": blobs(SIZES, 3, 26, 30.0),
        "zernike": blobs(SIZES, 2, 25, shape_spread),
        defect: blobs(SIZES, 4, 30, 1.0),
    }
    return analyse(Features(blocks, None), settings, SilentReporter(), CHOICE).weights


def positive(found: BlockWeights) -> dict[str, float]:
    return {name: share for name, share in found.shares.items() if share}


def test_the_picture_counts_a_little_more_than_the_defect() -> None:
    found = weights(30.0, Settings())
    assert positive(found) == pytest.approx({"deep": 0.6, "defect": 0.4})
    assert found.why == CHOICE.why


def test_a_weight_that_shape_earns_is_within_that_of_the_picture() -> None:
    found = weights(0.5, Settings())
    assert found.share("defect") == pytest.approx(0.4)
    assert found.share("zernike") / found.share("deep") == pytest.approx(0.4)
    assert sum(found.shares.values()) == pytest.approx(1)
    assert found.why.startswith(f"{CHOICE.why}; ")
    assert "Zernike" in found.why


@pytest.mark.parametrize("settings", [Settings(group_by=GroupBy.BOTH), Settings(items=Items.DEFECTS)])
def test_what_the_user_chose_and_single_defects_keep_their_weights(settings: Settings) -> None:
    assert positive(weights(0.5, settings)) == {"deep": 0.5, "defect": 0.5}
