"""Cluster images by their features: block weights, fusion, outlier scores, and the clustering method."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from defect_workbench.core.arrays import Floats, Vectors
from defect_workbench.core.clustering.clustering_result import Analysis, Settings
from defect_workbench.core.clustering.feature_blocks import (
    DEEP,
    ZERNIKE,
    BackboneInfo,
    BlockWeights,
    Features,
)
from defect_workbench.core.clustering.group_by import (
    OF_DEFECT,
    SHARE_OF_PICTURE,
    GroupBy,
    GroupByChoice,
    described_by,
)
from defect_workbench.core.errors import InputError, WorkbenchError
from defect_workbench.core.images.defect_items import Items
from defect_workbench.core.progress import Reporter
from defect_workbench.engine.clustering.block_weights import choose_weights
from defect_workbench.engine.clustering.large.memory_budget import most_rows
from defect_workbench.engine.clustering.large.normalised_parts import normalised_by_part
from defect_workbench.engine.clustering.linkage import linkage_of
from defect_workbench.engine.clustering.near_rows import find_near_rows
from defect_workbench.engine.clustering.outlier_groups import judge_small_groups
from defect_workbench.engine.clustering.outliers import outlier_scores
from defect_workbench.engine.clustering.picture_outliers import picture_scores
from defect_workbench.engine.clustering.registry import METHODS, completed
from defect_workbench.engine.features.fusion import fuse, normalised_blocks
from defect_workbench.engine.features.registry import BLOCKS, given_shares

# Increase this when the same features and settings give a different result.
VERSION = 5
# The same for sets of more images than can be compared in pairs.
LARGE_VERSION = 1


def analysis_identity(features: Features) -> dict[str, Any]:
    """Return what a result depends on apart from the settings: features and version of the clustering."""
    identity = {"features": dict(features.identity), "grouping": VERSION}
    if len(features) > most_rows():
        identity["large"] = LARGE_VERSION
    return identity


def analyse(
    features: Features, settings: Settings, reporter: Reporter, group_by: GroupByChoice | None = None
) -> Analysis:
    """Cluster the images of a set.

    Parameters
    ----------
    features : Features
        Of at least one image.
    settings : Settings
    reporter : Reporter
    group_by : GroupByChoice, optional
        What to group by; default: the settings decide, and the whole picture if they leave it open.

    Returns
    -------
    Analysis

    Raises
    ------
    WorkbenchError
        If there are no images, or the method cannot group these images.
    InputError, Cancelled
        As `regroup`.
    """
    if len(features) == 0:
        raise WorkbenchError("there are no usable images to cluster")
    reporter.stage("Fusing features", None)
    if len(features) > most_rows():
        kept = normalised_by_part(features, settings.seed, reporter)
    else:
        kept = {name: block.astype(np.float32) for name, block in normalised_blocks(features).items()}
    pictures = None
    if settings.outlier_pictures and settings.items is Items.PICTURES and _describes_both(kept):
        pictures = picture_scores(features.blocks[DEEP], kept[DEEP], reporter)
    analysis = regroup(kept, features.backbone, settings, reporter, group_by, pictures)
    return replace(analysis, identity=features.identity)


def _describes_both(blocks: Mapping[str, Vectors]) -> bool:
    """Whether blocks describe the picture and the defect."""
    return DEEP in blocks and any(name in blocks for name in OF_DEFECT)


def regroup(
    kept: Mapping[str, Vectors],
    backbone: BackboneInfo | None,
    settings: Settings,
    reporter: Reporter,
    group_by: GroupByChoice | None = None,
    pictures: Floats | None = None,
) -> Analysis:
    """Cluster again from normalised blocks, with other settings.

    Parameters
    ----------
    kept : mapping of str to (n, d) float32
        `Analysis.blocks`.
    backbone : BackboneInfo or None
        Network of the deep block; stored in the result.
    settings : Settings
        The result contains them, completed with the defaults of the method's parameters.
    group_by : GroupByChoice, optional
        As for `analyse`.
    pictures : (n,) float64, optional
        `Analysis.picture_scores`.

    Raises
    ------
    InputError
        If every block has the weight 0, the method is unknown, or a parameter is out of range.
    WorkbenchError
        If the method cannot group these images, or they were not described by what to group them by.
    Cancelled
        If the user cancelled.
    """
    settings = completed(settings)
    # Computed in double precision from the float32 values that a session stores, so that a reopened session
    # gives bit-identical results.
    blocks = {name: block.astype(np.float64) for name, block in kept.items()}
    weights = settings.weights
    if group_by is None:
        group_by = _group_by_of(settings)
    if weights is None and group_by.chosen is not GroupBy.PICTURE:
        if not any(name in blocks for name in OF_DEFECT):
            raise WorkbenchError("the defects of these images have not been mapped")
        weights = _weights_with_defect(blocks, group_by, settings)
    elif weights is None:
        reporter.stage("Choosing the weights of the feature blocks", None)
        weights = choose_weights(blocks, linkage_of(settings.parameters), settings.seed)
    elif not any(weights.share(name) > 0 for name in blocks):
        raise InputError("every available block has the weight 0; raise one of " + ", ".join(BLOCKS.names))
    reporter.check()
    vectors = fuse(blocks, weights)
    reporter.stage("Searching for outliers", None)
    near = find_near_rows(vectors, reporter) if len(vectors) > most_rows() else None
    scores, groups = outlier_scores(vectors, near), None
    if settings.outlier_groups:
        judged = judge_small_groups(vectors, scores, near)
        scores, groups = judged.scores, judged.groups
    del near
    if pictures is not None and described_by(weights) is GroupBy.DEFECT:
        scores = np.maximum(scores, pictures)
    reporter.check()
    stored = vectors.astype(np.float32)
    grouping = METHODS[settings.method].run(vectors, settings.parameters, settings.seed, reporter)
    return Analysis(
        settings,
        weights,
        backbone,
        kept,
        stored,
        scores,
        grouping.result,
        grouping.suggestions,
        found_groups=groups,
        picture_scores=pictures,
        group_by=group_by,
    )


def _weights_with_defect(
    blocks: Mapping[str, Floats], group_by: GroupByChoice, settings: Settings
) -> BlockWeights:
    """Return the weights of blocks that describe the defect, and of those that describe the picture."""
    shares = dict.fromkeys(BLOCKS.names, 0.0) | group_by.chosen.shares(blocks)
    left_open = settings.group_by is GroupBy.AUTO and settings.items is Items.PICTURES
    if group_by.chosen is not GroupBy.BOTH or not left_open:
        return BlockWeights(shares, group_by.why)
    of_defect = {name: share for name, share in shares.items() if name in OF_DEFECT}
    rest = (1 - SHARE_OF_PICTURE) / sum(of_defect.values())
    shares |= {name: share * rest for name, share in of_defect.items()}
    shares[DEEP], why = SHARE_OF_PICTURE, group_by.why
    # Images whose shape alone tells their kind have no small defect, but cannot be modelled either.
    picture = choose_weights(dict(blocks), linkage_of(settings.parameters), settings.seed)
    if picture.share(ZERNIKE) > 0:
        part = SHARE_OF_PICTURE / sum(picture.shares.values())
        shares |= {name: part * share for name, share in picture.shares.items() if share}
        why = f"{why}; {picture.why}"
    return BlockWeights(shares, why)


def _group_by_of(settings: Settings) -> GroupByChoice:
    """Return what the settings alone say that images are grouped by."""
    if settings.weights is not None:
        return GroupByChoice(described_by(settings.weights), settings.weights.why)
    if settings.group_by is GroupBy.AUTO:
        return GroupByChoice()
    return GroupByChoice(settings.group_by, "set by the user")


def refine(vectors: Vectors, settings: Settings, reporter: Reporter) -> Analysis:
    """Cluster some images of a set separately, by their distances in the set.

    No image becomes an outlier, as they are from one cluster.

    Parameters
    ----------
    vectors : (m, d) float32
        Rows of `Analysis.vectors`.
    settings : Settings
        The weights in it are ignored.

    Raises
    ------
    InputError, WorkbenchError, Cancelled
        As `regroup`.
    """
    weights = BlockWeights({DEEP: 1.0}, "as in the whole set")
    given = replace(settings, weights=weights, outlier_groups=False)
    analysis = regroup({DEEP: vectors}, None, given, reporter)
    return replace(analysis, outlier_scores=np.zeros(len(vectors)))


def manual_weights(given: dict[str, float]) -> BlockWeights:
    """Return the block weights that the user set, and the defaults for the other blocks."""
    return BlockWeights(given_shares(given), "set by the user")
