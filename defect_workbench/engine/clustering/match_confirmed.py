"""Match new images to confirmed clusters.

An image matches the confirmed cluster with the nearest image, if that is not farther away than images of the
cluster typically are from each other. All other images are clustered.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from defect_workbench.core.arrays import Floats, Integers, Vectors
from defect_workbench.core.classifier.trained_stage import scaled
from defect_workbench.core.distances import SquaredDistances, nearest_distances
from defect_workbench.engine.clustering.large.memory_budget import most_rows
from defect_workbench.engine.features.registry import BLOCKS
from defect_workbench.engine.features.scaling import fixed_scales

NEW = -1
HANDCRAFTED_WEIGHT = 0.05
_QUANTILE = 0.95
# If a second confirmed cluster is almost as near, the image does not match; the user decides.
_CLEARLY = 0.95
_FEWEST = 3
# Of a cluster, if there are more confirmed images than can be compared in pairs.
_MOST_MEMBERS = 4000


@dataclass(frozen=True, eq=False)
class Matching:
    """The confirmed clusters that new images match.

    Attributes
    ----------
    cluster : (m,) intp
        Number of the confirmed cluster, or `NEW`.
    distance : (m,) float64
        Distance to the nearest image of the nearest confirmed cluster, divided by the cluster's limit; an
        image with at most 1 can match.
    nearest : (m,) intp
        The nearest confirmed cluster, matched or not.
    """

    cluster: Integers
    distance: Floats
    nearest: Integers


def match_new(
    confirmed: Mapping[str, Vectors],
    clusters: Integers,
    new: Mapping[str, Vectors],
    quantile: float = _QUANTILE,
) -> Matching:
    """Match new images to confirmed clusters.

    The limit of a cluster is the `quantile` of the distances from each of its images to the nearest
    other one; clusters with fewer than three images have the median limit of the others. If there are more
    confirmed images than can be compared in pairs, a random part of 4,000 stands for each larger cluster.

    Parameters
    ----------
    confirmed, new : mapping of str to (n, d) float32
        Feature blocks of the same identity.
    clusters : (n,) intp
        Number of the confirmed cluster of each image, from 0.

    Returns
    -------
    Matching
        Of the new images.
    """
    count = len(next(iter(new.values()))) if new else 0
    if not len(clusters) or not count:
        nothing = np.full(count, NEW, np.intp)
        return Matching(nothing, np.full(count, np.inf), nothing.copy())
    if len(clusters) > most_rows():
        part = _part(clusters)
        clusters, confirmed = clusters[part], {name: block[part] for name, block in confirmed.items()}
    blocks = {
        block.name: confirmed[block.name]
        for block in BLOCKS
        if block.of_whole_image and block.name in confirmed and block.name in new
    }
    scales = fixed_scales(blocks, HANDCRAFTED_WEIGHT)
    known, fresh = scaled(scales, blocks), scaled(scales, {n: new[n] for n in blocks})
    numbers = np.unique(clusters)
    members = [np.flatnonzero(clusters == number) for number in numbers]
    limits = np.array([_limit(known[rows], quantile) for rows in members])
    typical = float(np.median(limits[np.isfinite(limits)])) if np.isfinite(limits).any() else 0.0
    limits = np.where(np.isfinite(limits), limits, typical)
    between = np.stack([nearest_distances(fresh, known[rows]) for rows in members], axis=1)
    relative = between / np.maximum(limits, 1e-9)
    order = np.argsort(between, axis=1, kind="stable")
    first = order[:, 0]
    rows = np.arange(count)
    own = relative[rows, first]
    matched = own <= 1.0
    if len(numbers) > 1:
        matched &= between[rows, first] <= _CLEARLY * between[rows, order[:, 1]]
    # An identical image always matches.
    matched |= between[rows, first] <= 1e-6
    return Matching(
        np.where(matched, numbers[first], NEW).astype(np.intp), own, numbers[first].astype(np.intp)
    )


def _part(clusters: Integers) -> Integers:
    """Return the confirmed images to compare with, ascending."""
    rng = np.random.default_rng(0)
    parts = []
    for number in np.unique(clusters):
        members = np.flatnonzero(clusters == number)
        if len(members) > _MOST_MEMBERS:
            members = rng.choice(members, _MOST_MEMBERS, replace=False)
        parts.append(members)
    return np.sort(np.concatenate(parts))


def _limit(rows: Floats, quantile: float) -> float:
    if len(rows) < _FEWEST:
        return float("nan")
    nearest = np.empty(len(rows))
    for block, squared in SquaredDistances(rows).blocks():
        squared[np.arange(len(squared)), np.arange(block.start, block.stop)] = np.inf
        nearest[block] = np.sqrt(squared.min(axis=1))
    return float(np.quantile(nearest, quantile))
