"""Which images to review next: the least certain, the most useful, the strangest, or a random sample."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from defect_workbench.core.arrays import Floats, Integers
from defect_workbench.core.project.decisions import Cluster, Partition
from defect_workbench.core.project.project_state import Project


@dataclass(frozen=True, eq=False)
class Source:
    """Images to fetch from.

    Attributes
    ----------
    name : str
        As the user reads it.
    images : (m,) intp
        Which come first is what the name says; of a source at random, in an order that the seed gives.
    """

    name: str
    images: Integers


def sources(project: Project, partition: Partition, chosen: Sequence[Cluster], seed: int) -> list[Source]:
    """Return the sources that have images, the most specific first.

    Parameters
    ----------
    chosen : sequence of Cluster
        The clusters that are selected.
    seed : int
        Of the sources at random.
    """
    rng = np.random.default_rng(seed)
    is_open = _open(partition)
    open_images = np.flatnonzero(is_open)
    found = []
    proposal = project.proposal
    if proposal is not None:
        unreviewed = np.flatnonzero(proposal.waiting(partition))
        found.append(Source("Least sure proposals", _by(unreviewed, proposal.probability)))
        useful = proposal.label_next[is_open[proposal.label_next]]
        found.append(Source("Most useful for the next training, and diverse", useful))
        found.append(
            Source("Unknown to the classifier", np.flatnonzero(proposal.unknown & (partition.cluster_of < 0)))
        )
    found.append(Source("Between two clusters", _by(open_images, _margins(partition, open_images))))
    if project.maps is not None:
        found.append(Source("Strangest", _by(open_images, -project.maps.strangeness)))
    found += [Source(f"From {c.label}, at random", rng.permutation(c.members)) for c in chosen]
    found.append(Source("Not confirmed, at random", rng.permutation(open_images)))
    return [source for source in found if len(source.images)]


def _open(partition: Partition) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    """Whether each image is not in a confirmed cluster or a nuisance, (n,)."""
    result = np.ones(len(partition.vectors), bool)
    for cluster in partition.clusters:
        if cluster.group is not None and (cluster.group.confirmed or cluster.group.nuisance):
            result[cluster.members] = False
    return result


def _by(images: Integers, values: Floats | np.ndarray[tuple[int], np.dtype[np.float32]]) -> Integers:
    """Return images by ascending value of all images; those without a value last."""
    return images[np.argsort(values[images], kind="stable")]


def _margins(partition: Partition, images: Integers) -> Floats:
    """Return how clearly images belong to the nearest centroid, (n,); not a number for all other images.

    It is 1 - d1 / d2 of the distances to the nearest two: 0 midway between two clusters, 1 at a centroid.
    """
    result = np.full(len(partition.vectors), np.nan)
    if len(partition.clusters) > 1 and len(images):
        _, distances = partition.nearest(images, 2)
        result[images] = 1 - distances[:, 0] / np.maximum(distances[:, 1], 1e-12)
    return result
