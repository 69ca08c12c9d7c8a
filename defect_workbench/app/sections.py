"""What the gallery and the status bar say of a document."""

from __future__ import annotations

import numpy as np

from defect_workbench.app.document import Document
from defect_workbench.app.models import Section, state_of
from defect_workbench.core.tree import Integers


def sections_of(document: Document) -> tuple[tuple[Section, ...], Integers]:
    """The clusters as sections, the outliers last, and the images in their order."""
    partition = document.partition
    if partition is None:
        return (), np.empty(0, np.intp)
    sections: list[Section] = []
    start = 0
    for cluster in partition.clusters:
        parts = [images(len(cluster.members)), f"spread {cluster.spread:.3f}", state_of(cluster)]
        detail = "  ·  ".join(filter(None, parts))
        colour = document.colour(cluster)
        sections.append(Section(cluster.label, detail, colour, start, len(cluster.members), cluster.key))
        start += len(cluster.members)
    if len(partition.outliers):
        count = len(partition.outliers)
        detail = f"{images(count)}, resembling nothing else"
        sections.append(Section("Outliers", detail, None, start, count, None))
    pieces = [cluster.members for cluster in partition.clusters] + [partition.outliers]
    return tuple(sections), np.concatenate(pieces)


def summary_of(document: Document) -> str:
    """The status bar's line."""
    project, partition = document.project, document.partition
    if project is None or partition is None:
        return ""
    parts = [
        images(len(project.images)),
        _count(len(partition.clusters), "cluster"),
        _count(len(partition.outliers), "outlier"),
    ]
    if document.tree is not None:
        parts.append(f"cut {document.tree.height_of(document.clusters_at_cut):.3g}")
    backbone = project.analysis.backbone
    parts.append(backbone.weights if backbone is not None else "texture and shape only")
    if project.images.rejected:
        parts.append(f"{_count(len(project.images.rejected), 'file')} not used")
    return "  ·  ".join(parts)


def images(count: int) -> str:
    """A number of images in words."""
    return _count(count, "image")


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}" + ("" if number == 1 else "s")
