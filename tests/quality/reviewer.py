"""A simulated reviewer: how many actions it takes until nearly all images have the right label.

The reviewer knows the class of every image and works as in the window, from the clusters of the suggested
cut, the largest first:

- A cluster in which more than half of the images are of one class is confirmed under that class (one
  action), and each of its other images is moved to its class (one action per image).
- Any other cluster is mixed. It is refined (one action), and its parts are reviewed before the next cluster.
- The images of a mixed cluster that cannot be refined, or that has at most `SMALL` images, are labelled one
  by one (one action per image). So are the outliers, after all clusters.

An image has the right label once it is confirmed or moved there. The count ends when `TARGET` of all images
have it, which may be between two moves. Labelling every image by hand would take `TARGET` times n actions.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np

from defect_workbench.core.arrays import Integers

TARGET = 0.95
SMALL = 3

Refine = Callable[[Integers], Sequence[Integers]]


def actions_needed(
    classes: Integers,
    clusters: Sequence[Integers],
    outliers: Integers,
    refine: Refine,
    target: float = TARGET,
) -> int:
    """Return the number of actions until a share of the images has the right label.

    Parameters
    ----------
    classes : (n,) intp
        The true class of each image.
    clusters : sequence of (m,) intp
        The images of each cluster; with the outliers, every image once.
    outliers : (m,) intp
    refine : callable
        Divides the images of a cluster into parts; a single part if it cannot be refined.
    target : float
        The share to reach.
    """
    needed = math.ceil(target * len(classes) - 1e-9)
    actions = right = 0
    pending = sorted(clusters, key=lambda members: (len(members), -int(members[0])))
    while pending and right < needed:
        members = pending.pop()
        counts = np.bincount(classes[members])
        if 2 * counts.max() > len(members):
            actions += 1
            right += int(counts.max())
            moved = min(len(members) - int(counts.max()), max(0, needed - right))
            actions, right = actions + moved, right + moved
            continue
        parts = [part for part in refine(members) if len(part)] if len(members) > SMALL else []
        if len(parts) > 1:
            actions += 1
            pending += sorted(parts, key=lambda part: (len(part), -int(part[0])))
        else:
            labelled = min(len(members), needed - right)
            actions, right = actions + labelled, right + labelled
    return actions + min(len(outliers), max(0, needed - right))
