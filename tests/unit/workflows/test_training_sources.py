"""Two sources to learn from become one, if their features were made alike."""

from dataclasses import replace

import numpy as np
import pytest

from defect_workbench.core.clustering.feature_blocks import BackboneInfo
from defect_workbench.core.errors import WorkbenchError
from defect_workbench.workflows.training_sources import joined_sets
from tests.builders import BACKBONE
from tests.unit.classifier.test_classify import made_set


@pytest.mark.parametrize(
    "other", [replace(BACKBONE, precision="bf16"), replace(BACKBONE, sha256="1" * 64), None]
)
def test_features_of_another_network_or_precision_are_refused(other: BackboneInfo | None) -> None:
    first = made_set()
    same = joined_sets([first, made_set(seed=1)])
    assert len(same) == 2 * len(first)
    second = replace(first, features=replace(first.features, backbone=other))
    with pytest.raises(WorkbenchError, match="different networks"):
        joined_sets([first, second])


def test_joined_sources_keep_their_labels() -> None:
    first, second = made_set(), made_set(seed=1)
    joined = joined_sets([first, second])
    names = [joined.folders[label] for label in joined.labels.tolist()]
    expected = [part.folders[label] for part in (first, second) for label in part.labels.tolist()]
    assert names == expected
    assert np.array_equal(joined.features.blocks["deep"][len(first) :], second.features.blocks["deep"])
