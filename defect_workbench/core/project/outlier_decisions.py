"""The images that clustering flagged as outliers, and what a person decided about each."""

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
        Outlier score; up to 1 where it was flagged for being alone in its cluster.
    decision : str
        In words.
    label : str
        Of the cluster it is in now; empty if in none.
    """

    image: int
    score: float
    decision: str
    label: str


def outlier_decisions(project: Project) -> list[OutlierDecision]:
    """Every image flagged at this cut before any decision, by falling score."""
    analysis, decisions, partition = project.analysis, project.decisions, project.partition
    flagged = divide(analysis, project.clusters, Decisions.none(len(project.images))).outliers
    own = partition.cluster_of
    found = []
    for image in flagged.tolist():
        cluster = partition.clusters[int(own[image])] if own[image] >= 0 else None
        if cluster is None:
            words = "none: left with the outliers"
        elif decisions.held[image] != UNDECIDED and cluster.group is not None:
            group = cluster.group
            if group.nuisance:
                words = "nuisance"
            elif len(cluster.members) == 1:
                words = "a class of its own"
            else:
                words = "confirmed in its cluster" if group.confirmed else "held in a cluster"
        elif decisions.follows[image] != UNDECIDED:
            words = "put into a cluster"
        else:
            words = "none itself: others were put with it"
        score = float(analysis.outlier_scores[image])
        found.append(OutlierDecision(image, score, words, cluster.label if cluster else ""))
    return found
