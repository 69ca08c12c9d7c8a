"""Features to clusters: weights, fusion, outliers, and the clustering method."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from defect_workbench.core.arrays import Vectors
from defect_workbench.core.clustering.clustering_result import Analysis, Settings
from defect_workbench.core.clustering.feature_blocks import (
    DEEP,
    BackboneInfo,
    BlockWeights,
    Features,
)
from defect_workbench.core.errors import InputError, WorkbenchError
from defect_workbench.core.progress import Reporter
from defect_workbench.engine.clustering.block_weights import choose_weights
from defect_workbench.engine.clustering.linkage import linkage_of
from defect_workbench.engine.clustering.outliers import outlier_scores
from defect_workbench.engine.clustering.registry import METHODS, completed
from defect_workbench.engine.features.fusion import fuse, normalised_blocks
from defect_workbench.engine.features.registry import BLOCKS, given_shares

# To be raised when the same features and settings would give another result.
VERSION = 3


def analysis_identity(features: Features) -> dict[str, Any]:
    """What a result depends on, apart from the settings: the features, and this version of the grouping."""
    return {"features": dict(features.identity), "grouping": VERSION}


def analyse(features: Features, settings: Settings, reporter: Reporter) -> Analysis:
    """Group the images of a set.

    Parameters
    ----------
    features : Features
        At least one row.
    settings : Settings
    reporter : Reporter

    Returns
    -------
    Analysis

    Raises
    ------
    WorkbenchError
        If there are no images, or `regroup` raises it.
    """
    if len(features) == 0:
        raise WorkbenchError("there are no usable images to cluster")
    reporter.stage("Fusing features", None)
    kept = {name: block.astype(np.float32) for name, block in normalised_blocks(features).items()}
    return replace(regroup(kept, features.backbone, settings, reporter), identity=features.identity)


def regroup(
    kept: Mapping[str, Vectors], backbone: BackboneInfo | None, settings: Settings, reporter: Reporter
) -> Analysis:
    """Group again from normalised blocks, with other settings.

    Parameters
    ----------
    kept : mapping of str to (n, d) float32
        `Analysis.blocks`.
    backbone : BackboneInfo or None
        Of the deep block; passed on.
    settings : Settings
        The analysis holds them with a value for each parameter of the method.

    Raises
    ------
    InputError
        If every block has the weight 0, the method is unknown, or a parameter is out of range.
    WorkbenchError
        If the method cannot give a result for these images.
    Cancelled
        If the reporter says so.
    """
    settings = completed(settings)
    # In double precision from here on, but from the numbers that a session keeps: a reopened session
    # then regroups to the last bit as the first run did.
    blocks = {name: block.astype(np.float64) for name, block in kept.items()}
    weights = settings.weights
    if weights is None:
        reporter.stage("Choosing the weights of the feature blocks", None)
        weights = choose_weights(blocks, linkage_of(settings.parameters), settings.seed)
    elif not any(weights.share(name) > 0 for name in blocks):
        raise InputError(
            "every block that is there has the weight 0; raise one of " + ", ".join(BLOCKS.names)
        )
    reporter.check()
    vectors = fuse(blocks, weights)
    reporter.stage("Looking for outliers", None)
    scores = outlier_scores(vectors)
    reporter.check()
    stored = vectors.astype(np.float32)
    found = METHODS[settings.method].run(vectors, settings.parameters, settings.seed, reporter)
    return Analysis(settings, weights, backbone, kept, stored, scores, found.result, found.suggestions)


def refine(vectors: Vectors, settings: Settings, reporter: Reporter) -> Analysis:
    """Cluster some images of a set by themselves, by the distances that they have in the set.

    None of them is an outlier, as they were chosen as one cluster.

    Parameters
    ----------
    vectors : (m, d) float32
        Rows of `Analysis.vectors`.
    settings : Settings
        Their weights are ignored.

    Raises
    ------
    InputError, WorkbenchError, Cancelled
        As `regroup`.
    """
    given = replace(settings, weights=BlockWeights({DEEP: 1.0}, "as in the whole set"))
    found = regroup({DEEP: vectors}, None, given, reporter)
    return replace(found, outlier_scores=np.zeros(len(vectors)))


def manual_weights(given: dict[str, float]) -> BlockWeights:
    """Weights a person gave; blocks not named keep their default."""
    return BlockWeights(given_shares(given), "set by the user")
