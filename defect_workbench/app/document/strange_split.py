"""Splitting a lot into clean and strange images at a threshold of their strangeness."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from defect_workbench.core.arrays import Floats, Integers
from defect_workbench.core.project.decisions import Decisions, Group
from defect_workbench.core.project.project_state import Project


@dataclass(frozen=True, eq=False)
class StrangeSplit:
    """What a threshold makes of the images that may still be moved.

    Attributes
    ----------
    clean, strange : (m,) intp
        Images below the threshold, and from it up; the strangest first.
    kept : int
        Images that stay where they are: in confirmed clusters, marked as nuisance, or without a map.
    """

    clean: Integers
    strange: Integers
    kept: int

    @property
    def possible(self) -> bool:
        """Whether both sides have an image."""
        return len(self.clean) > 0 and len(self.strange) > 0


def settled(decisions: Decisions) -> Mapping[int, Group]:
    """Return the groups that a split leaves alone: confirmed ones and nuisances."""
    return {n: group for n, group in decisions.groups.items() if group.confirmed or group.nuisance}


def split_at(project: Project, threshold: float) -> StrangeSplit:
    """Return the split of a project at a threshold; without defect maps, every image is kept."""
    images = _movable(project)
    values = _strangeness(project)[images]
    order = np.argsort(-values, kind="stable")
    count = int((values >= threshold).sum())
    return StrangeSplit(images[order[count:]], images[order[:count]], len(project.images) - len(images))


def strangeness_to_split(project: Project) -> Floats:
    """Return the strangeness of the images that may still be moved, the strangest first, (n,) float64."""
    return np.sort(_strangeness(project)[_movable(project)])[::-1]


def threshold_for(values: Floats, count: int) -> float:
    """Return the threshold midway between the first `count` values and the others, of which there are some.

    Parameters
    ----------
    values : (n,) float64
        The strangest first.
    count : int
        From 1 to n - 1.
    """
    return float(values[count - 1 : count + 1].mean())


def suggested_count(values: Floats) -> int:
    """Return how many values to call strange, the strangest first; 0 for fewer than two distinct values.

    The split with the largest variance between its sides (N. Otsu, IEEE Trans. SMC 9, 1979), of logarithms:
    a few very strange images would otherwise be split from the rest.

    Parameters
    ----------
    values : (n,) float64
        At least 0, the strangest first.
    """
    logs = np.log1p(values)
    if len(values) < 2 or logs[0] == logs[-1]:
        return 0
    count = np.arange(1, len(logs))
    sums = np.cumsum(logs)
    above, below = sums[:-1] / count, (sums[-1] - sums[:-1]) / (len(logs) - count)
    return int(count[np.argmax(count * (len(logs) - count) * (above - below) ** 2)])


def _strangeness(project: Project) -> Floats:
    if project.maps is None:
        return np.full(len(project.images), np.nan)
    return project.maps.strangeness.astype(np.float64)


def _movable(project: Project) -> Integers:
    kept = np.isin(project.decisions.held, list(settled(project.decisions)))
    return np.flatnonzero(np.isfinite(_strangeness(project)) & ~kept)
