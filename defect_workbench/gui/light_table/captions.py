"""What the light table says about an image: its cluster, how typical it is there, and what is proposed."""

from __future__ import annotations

from defect_workbench.app.document.label_doubts import LabelDoubts
from defect_workbench.app.document.workbench_document import Document
from defect_workbench.core.project.decisions import Cluster
from defect_workbench.core.project.palette import NEUTRAL
from defect_workbench.core.text import ordinal


class Captions:
    """Writes the captions."""

    def __init__(self, document: Document, doubts: LabelDoubts) -> None:
        self._document, self._doubts = document, doubts

    def of(self, image: int) -> tuple[str, str]:
        """Return the colour of an image's cluster, and words about the image."""
        partition, project = self._document.partition, self._document.project
        if partition is None or project is None:
            return NEUTRAL, ""
        number = int(partition.cluster_of[image])
        if number < 0:
            return NEUTRAL, "outlier"
        cluster, proposal = partition.clusters[number], project.proposal
        words = cluster.label
        if proposal is not None and proposal.unreviewed[image] and proposal.labels[image]:
            words += f"?  {proposal.probability[image]:.2f}"
        if suggestion := self._doubts.suggestion(image):
            words += f"  →  {suggestion}? (Enter)"
        words += "".join(f"  #{tag}" for tag in project.image_notes.tags.get(image, ()))
        return self._document.colour(cluster), f"{words}  ·  {typical(cluster, image)}"


def typical(cluster: Cluster, image: int) -> str:
    """Return how typical an image is of its cluster, by its distance from the medoid."""
    members = cluster.members.tolist()
    place, count = members.index(image) + 1, len(members)
    if count == 1:
        return "the only image"
    if place == 1:
        return f"most typical of {count:,}"
    return f"most extreme of {count:,}" if place == count else f"{ordinal(place)} most typical of {count:,}"
