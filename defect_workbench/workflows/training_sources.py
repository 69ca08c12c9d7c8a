"""Training images from the confirmed clusters of a project, from class folders, or from both."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from defect_workbench.core.clustering.feature_blocks import Features
from defect_workbench.core.errors import InputError, Remedy, WorkbenchError
from defect_workbench.core.images.image_records import ImageSet
from defect_workbench.core.progress import Reporter
from defect_workbench.core.project.decisions import Cluster
from defect_workbench.core.project.project_state import Project
from defect_workbench.core.text import counted
from defect_workbench.engine.classifier.data.dataset import LabelledSet

if TYPE_CHECKING:
    from defect_workbench.engine.extraction.extractor import Extraction


def confirmed_clusters(project: Project) -> list[Cluster]:
    """Return the clusters that the user has confirmed."""
    return [c for c in project.partition.clusters if c.group is not None and c.group.confirmed]


def confirmed_labels(project: Project) -> Mapping[str, int]:
    """Return the labels of the confirmed clusters, with the number of their images."""
    return {cluster.label: len(cluster.members) for cluster in confirmed_clusters(project)}


def class_folders(root: Path) -> list[str]:
    """Return the names of the class folders of a folder, whatever is in them; none if it cannot be read."""
    try:
        return sorted(e.name for e in os.scandir(root) if e.is_dir() and not e.name.startswith(("_", ".")))
    except OSError:
        return []


def learnable_clusters(project: Project, reporter: Reporter) -> list[Cluster]:
    """Return the confirmed clusters of more than one image.

    Raises
    ------
    InputError
        If they have fewer than two labels.
    """
    confirmed = confirmed_clusters(project)
    clusters = [cluster for cluster in confirmed if len(cluster.members) > 1]
    if len(clusters) < len(confirmed):
        singletons = ", ".join(cluster.label for cluster in confirmed if len(cluster.members) == 1)
        reporter.warn(f"confirmed clusters of a single image are not used for training: {singletons}")
    if len({cluster.label for cluster in clusters}) < 2:
        raise InputError(
            "training needs at least two confirmed clusters with different labels, "
            "of two or more images each",
            Remedy.CONFIRM_CLUSTERS,
        )
    return clusters


def confirmed_images(
    project: Project, clusters: Sequence[Cluster], extraction: Extraction, reporter: Reporter
) -> LabelledSet:
    """Return the images of confirmed clusters with their labels.

    Unreviewed images that the program put there are left out, as are images that have changed since.

    Parameters
    ----------
    extraction : Extraction
        The features of the current images of the project.
    """
    folders = tuple(sorted({cluster.label for cluster in clusters}))
    doubtful = np.zeros(len(project.images), bool) if project.proposal is None else project.proposal.doubtful
    row_of = {(image.path, image.sha256): row for row, image in enumerate(extraction.images.images)}
    rows, labels, missing = [], [], 0
    for cluster in clusters:
        for member in cluster.members[~doubtful[cluster.members]].tolist():
            image = project.images.images[member]
            row = row_of.get((image.path, image.sha256))
            if row is None:
                missing += 1
                continue
            rows.append(row)
            labels.append(folders.index(cluster.label))
    if missing:
        reporter.warn(f"{counted(missing, 'confirmed image')} not used for training: missing or changed")
    order = np.argsort(rows)
    chosen = np.array(rows, np.intp)[order]
    count = len(extraction.images)
    all_images = LabelledSet(
        extraction.images, extraction.features, folders, np.zeros(count, np.intp), np.arange(count)
    )
    part = all_images.subset(chosen)
    return replace(part, labels=np.array(labels, np.intp)[order], groups=np.arange(len(chosen)))


def joined_sets(parts: Sequence[LabelledSet]) -> LabelledSet:
    """Join several sets into one; files of all but the first get absolute paths.

    Raises
    ------
    WorkbenchError
        If their features were computed with different networks, precisions or descriptions.
    """
    first, *others = parts
    for other in others:
        if (other.features.blocks.keys(), other.features.backbone) != (
            first.features.blocks.keys(),
            first.features.backbone,
        ):
            raise WorkbenchError(
                "the features of the two sources were computed with different networks or descriptions"
            )
        folders = tuple(sorted({*first.folders, *other.folders}))
        moved = tuple(
            replace(image, path=str(other.images.absolute(row)))
            for row, image in enumerate(other.images.images)
        )
        images = ImageSet(first.images.root, (*first.images.images, *moved), ())
        blocks = {
            name: np.concatenate([block, other.features.blocks[name]])
            for name, block in first.features.blocks.items()
        }
        labels = [part.folders[label] for part in (first, other) for label in part.labels.tolist()]
        numbers = np.array([folders.index(label) for label in labels], np.intp)
        features = Features(blocks, first.features.backbone)
        first = LabelledSet(images, features, folders, numbers, np.arange(len(numbers)))
    return first
