import pytest

from defect_workbench.core.clustering.feature_blocks import BlockWeights


def test_weights_of_an_earlier_version_have_todays_names() -> None:
    old = {"deep": 1.0, "haralick": 0.0, "zernike": 0.4, "shape": 0.2, "why": "because"}
    weights = BlockWeights.from_json(old)
    assert weights.shares == {"deep": 1.0, "haralick": 0.0, "zernike": 0.4, "outline": 0.2}
    assert BlockWeights.from_json(weights.as_json()) == weights


def test_block_that_is_not_named_has_no_share() -> None:
    assert BlockWeights({"deep": 1}, "").share("outline") == 0


@pytest.mark.parametrize("share", [-0.1, float("nan"), float("inf")])
def test_impossible_shares_are_refused(share: float) -> None:
    with pytest.raises(ValueError, match="the block 'deep'"):
        BlockWeights({"deep": share}, "")
