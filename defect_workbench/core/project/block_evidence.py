"""Why an image is in its cluster: evidence from each feature block."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from defect_workbench.core.arrays import Floats
from defect_workbench.core.clustering.clustering_result import Analysis
from defect_workbench.core.project.decisions import Partition


@dataclass(frozen=True)
class BlockEvidence:
    """How far each feature block supports one cluster against another.

    Attributes
    ----------
    cluster, rival : int
        Indices into the partition's clusters.
    blocks : mapping of str to float
        For each block with a weight above 0, its share of the difference between the squared distances to
        the two centroids; positive values support `cluster`. Absolute values add up to 1.
    """

    cluster: int
    rival: int
    blocks: Mapping[str, float]


def block_evidence_of(analysis: Analysis, partition: Partition, image: int) -> BlockEvidence | None:
    """Return the evidence for an image's cluster against the nearest other cluster.

    An outlier is treated as if it were in the nearest cluster. None if there is no other cluster.
    """
    if len(partition.clusters) < 2:
        return None
    nearest = partition.nearest(np.array([image], np.intp), 3)[0][0].tolist()
    own = int(partition.cluster_of[image])
    cluster = own if own >= 0 else nearest[0]
    rival = next(number for number in nearest if number != cluster)
    margins = {}
    for name, weight in analysis.weights.shares.items():
        block = analysis.blocks.get(name)
        if block is not None and weight > 0:
            distances = [
                float(((block[image] - _centroid(block, partition, number)) ** 2).sum())
                for number in (cluster, rival)
            ]
            margins[name] = weight * (distances[1] - distances[0])
    total = sum(abs(margin) for margin in margins.values())
    return BlockEvidence(
        cluster, rival, {name: margin / total for name, margin in margins.items()} if total else {}
    )


def _centroid(block: NDArray[np.float32], partition: Partition, number: int) -> Floats:
    return np.asarray(block[partition.clusters[number].members].mean(axis=0, dtype=np.float64))
