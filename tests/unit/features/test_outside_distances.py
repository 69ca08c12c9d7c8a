"""Distances from an image outside the set."""

from __future__ import annotations

import numpy as np

from defect_workbench.core.clustering.feature_blocks import BlockWeights, Features
from defect_workbench.engine.features.fusion import fuse, normalised_blocks
from defect_workbench.engine.features.outside_distances import distances_from_outside
from tests.builders import BACKBONE, blobs

WEIGHTS = BlockWeights({"deep": 0.7, "haralick": 0.3}, "for a test")


def test_an_image_of_the_set_has_the_distances_of_the_fusion_vectors() -> None:
    blocks = {"deep": blobs((9, 7), 1, 20), "haralick": blobs((8, 8), 2, 6)}
    fused = fuse(normalised_blocks(Features(blocks, BACKBONE)), WEIGHTS)
    found = distances_from_outside(blocks, {name: rows[4:5] for name, rows in blocks.items()}, WEIGHTS)
    assert np.allclose(found, np.linalg.norm(fused - fused[4], axis=1), atol=1e-3)
    assert found[4] == 0


def test_without_weights_every_block_counts() -> None:
    blocks = {"deep": blobs((9, 7), 1, 20), "haralick": blobs((8, 8), 2, 6)}
    one = {name: rows[2:3] for name, rows in blocks.items()}
    only_defect = BlockWeights({"defect": 1.0}, "for a test")
    equal = BlockWeights({"deep": 1.0, "haralick": 1.0}, "for a test")
    assert np.array_equal(
        distances_from_outside(blocks, one, only_defect), distances_from_outside(blocks, one, equal)
    )
