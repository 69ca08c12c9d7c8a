"""The images flagged as outliers, and the user's decision about each."""

from __future__ import annotations

from dataclasses import dataclass

from defect_workbench.core.project.decisions import UNDECIDED, Decisions, divide
from defect_workbench.core.project.project_state import Project


@dataclass(frozen=True)
class OutlierDecision:
    """A flagged image and the decision about it.

    Attributes
    ----------
    image : int
        Its index.
    score : float
        Outlier score; at most 1 if it was flagged as a singleton or as unknown.
    decision : str
        The decision, as shown to the user.
    label : str
        Label of its current cluster; empty if it is in none.
    group : int
        Its outlier group, or `NO_GROUP`.
    """

    image: int
    score: float
    decision: str
    label: str
    group: int


def outlier_decisions(project: Project) -> list[OutlierDecision]:
    """Return every image flagged at this cut before any decision, by descending score."""
    analysis, decisions, partition = project.analysis, project.decisions, project.partition
    flagged = divide(analysis, project.clusters, Decisions.none(len(project.images))).outliers
    cluster_of = partition.cluster_of
    result = []
    for image in flagged.tolist():
        cluster = partition.clusters[int(cluster_of[image])] if cluster_of[image] >= 0 else None
        if cluster is None:
            decision = "none: still an outlier"
        elif decisions.held[image] != UNDECIDED and cluster.group is not None:
            held_group = cluster.group
            if held_group.nuisance:
                decision = "nuisance"
            elif len(cluster.members) == 1:
                decision = "a separate cluster"
            else:
                decision = "confirmed in its cluster" if held_group.confirmed else "held in a cluster"
        elif decisions.follows[image] != UNDECIDED:
            decision = "moved to a cluster"
        else:
            decision = "none: other images were moved to it"
        score = float(analysis.outlier_scores[image])
        group = int(analysis.outlier_groups[image])
        result.append(OutlierDecision(image, score, decision, cluster.label if cluster else "", group))
    return result
