"""Arrays of labels, and the projects that they describe.

A label array is plain, so the cut that it came from is looked up. Labels that came from no cut are decisions.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from hashlib import blake2b

import numpy as np
from numpy.typing import NDArray

from defect_workbench.core.arrays import Integers
from defect_workbench.core.errors import InputError
from defect_workbench.core.project.decisions import OUTLIERS, Cluster, Decisions, Group
from defect_workbench.core.project.palette import colour_numbers, node_colours
from defect_workbench.core.project.project_state import Project
from defect_workbench.core.project.proposal import Proposal

OUTLIER = -1


class Cuts:
    """The cuts that were made, by the labels that they gave.

    Different cuts may give the same labels, as outliers are set apart; the last one made counts.
    """

    def __init__(self) -> None:
        self._clusters: dict[bytes, int] = {}

    def remember(self, labels: Integers, clusters: int) -> None:
        """Keep that a cut into `clusters` gave these labels, (n,)."""
        self._clusters[_digest(labels)] = clusters

    def project(self, project: Project, labels: Integers) -> Project | None:
        """Return the project at the cut that gave labels, (n,): an earlier, its own, or a suggested one."""
        made = self._clusters.get(_digest(labels))
        if made is not None:
            return project.changed(clusters=made)
        for clusters in (project.clusters, *(each.clusters for each in project.analysis.suggestions)):
            candidate = project.changed(clusters=clusters)
            if np.array_equal(labels_of(candidate), labels):
                return candidate
        return None


def labels_of(project: Project) -> Integers:
    """Return the cluster of each image of a project, (n,) intp; -1 for outliers."""
    return project.partition.cluster_of.astype(np.intp)


def labelled_project(
    project: Project,
    labels: NDArray[np.integer] | None,
    cuts: Cuts,
    names: Mapping[int, str] | None = None,
) -> tuple[Project, dict[int, Cluster]]:
    """Return the project in which images have these labels, and the cluster of each label but -1.

    Parameters
    ----------
    labels : (n,) int or None
        -1 for outliers; None for the labels of the project. Labels that came from a cut set the cut. Any
        others become decisions, so that later cuts keep them, in place of those of the project.
    names : mapping of int to str, optional
        Names of clusters by label; the images of a named cluster are held together.

    Raises
    ------
    InputError
        If these are not labels of the images, or a name is empty or repeated.
    """
    checked = labels_of(project) if labels is None else _checked(labels, len(project.images))
    names = {} if names is None else _checked_names(names, checked)
    at_cut = project if labels is None else cuts.project(project, checked)
    if at_cut is None:
        decided = _decided(project, checked, names)
    else:
        decided = _named(at_cut, names)
    partition = decided.partition
    clusters = {
        int(label): partition.clusters[int(partition.cluster_of[np.flatnonzero(checked == label)[0]])]
        for label in np.unique(checked)
        if label != OUTLIER
    }
    return decided, clusters


def cluster_names(project: Project, labels: NDArray[np.integer] | None, cuts: Cuts) -> dict[int, str]:
    """Return the name of each of the labels, (n,); -1 has that of the folder of outliers."""
    decided, clusters = labelled_project(project, labels, cuts)
    names = {label: each.label for label, each in clusters.items()}
    return names | ({OUTLIER: OUTLIERS} if len(decided.partition.outliers) else {})


def _digest(labels: Integers) -> bytes:
    return blake2b(labels.tobytes(), digest_size=16).digest()


def _checked(labels: NDArray[np.integer], images: int) -> Integers:
    given = np.asarray(labels)
    if given.shape != (images,):
        raise InputError(f"the labels have the shape {given.shape}; there must be one per image, ({images},)")
    if given.dtype.kind not in "iu":
        raise InputError(f"labels are whole numbers, not {given.dtype}")
    if given.size and int(given.min()) < OUTLIER:
        raise InputError(f"labels are -1 for outliers or numbers from 0 up, not {int(given.min())}")
    return given.astype(np.intp)


def _checked_names(names: Mapping[int, str], labels: Integers) -> dict[int, str]:
    present = set(np.unique(labels).tolist()) - {OUTLIER}
    taken: set[str] = set()
    for label, name in names.items():
        if label not in present:
            raise InputError(f"{label!r} is named {name!r}, but no image has this label")
        if not isinstance(name, str) or not name.strip():
            raise InputError(f"the name of cluster {label} is empty")
        if name.strip().casefold() in taken:
            raise InputError(f"two clusters are named {name!r}; give both the same label instead")
        taken.add(name.strip().casefold())
    return {int(label): name.strip() for label, name in names.items()}


def _named(project: Project, names: Mapping[int, str]) -> Project:
    """Return the project with names for some of its clusters."""
    if not names:
        return project
    tree = project.analysis.tree
    colours = colour_numbers(project.partition, None if tree is None else node_colours(tree))
    decisions = project.decisions
    for label, name in names.items():
        cluster = project.partition.clusters[label]
        if cluster.number is not None:
            decisions = decisions.change(cluster.number, name=name)
        else:
            decisions, _ = decisions.hold(cluster.members, Group(name, colour=colours[cluster.key]))
    return replace(project, decisions=decisions)


def _decided(project: Project, labels: Integers, names: Mapping[int, str]) -> Project:
    """Return the project in which each label is a decision of the user."""
    decisions = Decisions.none(len(labels))
    for colour, label in enumerate(np.unique(labels[labels != OUTLIER]).tolist()):
        members = np.flatnonzero(labels == label)
        decisions, _ = decisions.hold(members, Group(names.get(label, ""), colour=colour))
    decided = replace(project, decisions=decisions, proposal=None, history=())
    apart = labels == OUTLIER
    if not np.array_equal(labels_of(decided) == OUTLIER, apart):
        # Outliers by the labels alone, as a score does not flag them.
        decided = replace(decided, proposal=replace(Proposal.none(len(labels)), unknown=apart))
    return decided
