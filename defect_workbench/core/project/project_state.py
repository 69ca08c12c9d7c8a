"""A project: the whole state of the work, as a session file stores it."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import Any

from defect_workbench.core.clustering.clustering_result import Analysis
from defect_workbench.core.images.defect_maps import DefectMaps
from defect_workbench.core.images.image_records import ImageSet
from defect_workbench.core.project.decision_history import History
from defect_workbench.core.project.decisions import Decisions, Partition, divide
from defect_workbench.core.project.found_defects import FoundDefects
from defect_workbench.core.project.image_notes import ImageNotes
from defect_workbench.core.project.proposal import Proposal
from defect_workbench.core.project.saved_views import SavedView
from defect_workbench.core.project.side_data import SideData
from defect_workbench.core.wafer.inspection import NO_SOURCE, Inspection


@dataclass(frozen=True, eq=False)
class Project:
    """Images, the result of clustering, the cut, and the user's decisions.

    Attributes
    ----------
    clusters : int
        The cut, as the number of clusters before outliers are separated; ignored if clusters are flat.
    side : SideData or None
        A table joined to the images.
    proposal : Proposal or None
        Labels proposed for the images.
    maps : DefectMaps or None
        Defect maps of the images; None if they were not made.
    history : tuple of DecisionRecord
        Who made which decision when, the first one first; without those that were undone.
    image_notes : ImageNotes
        Tags and notes of single images.
    views : tuple of SavedView
        In order of the alphabet.
    found : FoundDefects or None
        The defects in each image; None without a search.
    inspection : Inspection or None
        What the inspection files that were opened say about the images.
    """

    images: ImageSet
    analysis: Analysis
    clusters: int
    decisions: Decisions
    side: SideData | None = None
    proposal: Proposal | None = None
    maps: DefectMaps | None = None
    history: History = ()
    image_notes: ImageNotes = field(default_factory=ImageNotes)
    views: tuple[SavedView, ...] = ()
    found: FoundDefects | None = None
    inspection: Inspection | None = None

    @cached_property
    def partition(self) -> Partition:
        """Clusters and outliers at the cut."""
        unknown = None if self.proposal is None else self.proposal.unknown
        return divide(self.analysis, self.clusters, self.decisions, unknown)

    def changed(self, **fields: Any) -> Project:
        """Return the project with other fields; clusters that do not change are not computed again."""
        after = replace(self, **fields)
        if "partition" in self.__dict__ and _depends_on(after) == _depends_on(self):
            after.__dict__["partition"] = self.partition
        return after

    @property
    def name(self) -> str:
        """What to call it: the inspection file, if all images are from one, or the folders of the images."""
        inspection = self.inspection
        if inspection is None or len(inspection.files) != 1 or NO_SOURCE in inspection.file_of:
            return self.images.name
        return PurePosixPath(inspection.files[0].path).name

    def beside(self, ending: str) -> Path:
        """Return a path beside the (first) folder of the images, named after the project, with this ending.

        A folder may hold the inspection files of many lots, each with its own session.
        """
        return self.images.beside("").with_name(self.name.replace("/", "-") + ending)

    @property
    def cut_height(self) -> float | None:
        """Height of the cut; None if clusters are flat."""
        tree = self.analysis.tree
        return None if tree is None else tree.height_of(self.clusters)


def _depends_on(project: Project) -> tuple[object, ...]:
    """Return what the partition depends on; objects are compared by identity."""
    unknown = None if project.proposal is None else project.proposal.unknown
    return id(project.analysis), project.clusters, id(project.decisions), id(unknown)
