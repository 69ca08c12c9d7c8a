"""The whole state of a piece of work: what a session file holds and a result folder shows."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from defect_workbench.core.clustering.clustering_result import Analysis
from defect_workbench.core.images.image_records import ImageSet
from defect_workbench.core.project.decisions import Decisions, Partition, divide
from defect_workbench.core.project.proposal import Proposal
from defect_workbench.core.project.side_data import SideData


@dataclass(frozen=True, eq=False)
class Project:
    """Images, what the engine found in them, where the cut is, and what a person decided.

    Attributes
    ----------
    clusters : int
        The cut, as a number of clusters before outliers are set apart; ignored without a tree.
    side : SideData or None
        A table joined to the images.
    proposal : Proposal or None
        What a classifier said of them.
    """

    images: ImageSet
    analysis: Analysis
    clusters: int
    decisions: Decisions
    side: SideData | None = None
    proposal: Proposal | None = None

    @cached_property
    def partition(self) -> Partition:
        """Clusters and outliers at the cut."""
        unknown = None if self.proposal is None else self.proposal.unknown
        return divide(self.analysis, self.clusters, self.decisions, unknown)

    @property
    def cut_height(self) -> float | None:
        """Of the cut; None without a tree."""
        tree = self.analysis.tree
        return None if tree is None else tree.height_of(self.clusters)
