"""Training images from the confirmed clusters of a project, from class folders, or from both."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from defect_workbench.core.arrays import Flags
from defect_workbench.core.classifier.training_facts import TrainingFacts
from defect_workbench.core.classifier.training_origin import class_folders_of
from defect_workbench.core.clustering.feature_blocks import Features
from defect_workbench.core.errors import InputError, Remedy, WorkbenchError
from defect_workbench.core.images.image_records import ImageSet, Rejection
from defect_workbench.core.progress import Reporter
from defect_workbench.core.project.decisions import Cluster
from defect_workbench.core.project.project_state import Project
from defect_workbench.core.text import counted
from defect_workbench.engine.classifier.data.dataset import LabelledSet
from defect_workbench.engine.input.scan import FoundFile, Listing, found_file
from defect_workbench.workflows.extract import FeatureOptions, extract_listing

if TYPE_CHECKING:
    from defect_workbench.engine.extraction.extractor import Extraction


def confirmed_clusters(project: Project) -> list[Cluster]:
    """Return the clusters that the user has confirmed."""
    return [c for c in project.partition.clusters if c.group is not None and c.group.confirmed]


def confirmed_labels(project: Project) -> Mapping[str, int]:
    """Return the labels of the confirmed clusters, with the number of images that training learns from."""
    doubtful = _doubtful(project)
    return {each.label: int((~doubtful[each.members]).sum()) for each in confirmed_clusters(project)}


def _doubtful(project: Project) -> Flags:
    """Return which images are in their clusters by the program alone, unreviewed, (n,) bool."""
    return np.zeros(len(project.images), bool) if project.proposal is None else project.proposal.doubtful


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
    doubtful = _doubtful(project)
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


def earlier_images(
    facts: TrainingFacts,
    rows: Sequence[int],
    renamed: Mapping[str, str],
    others: Collection[str],
    options: FeatureOptions,
    reporter: Reporter,
) -> tuple[LabelledSet, list[int]] | None:
    """Return training images of an earlier classifier with their labels, and the row of each.

    Those that were moved, deleted or changed since are left out.

    Parameters
    ----------
    rows : sequence of int
        Of its held-out images.
    renamed : mapping of str to str
        What class folders are called now, where that differs.
    others : collection of str
        Labels that other sources have. A label of a single image, which no other source has, is left out.

    Returns
    -------
    LabelledSet and list of int, or None
        None if no image can be used.
    """
    held_out, folder_of = facts.held_out, class_folders_of(facts)
    assert held_out is not None
    root = Path(held_out.root)
    row_of = {held_out.paths[row]: row for row in sorted(rows, key=held_out.paths.__getitem__)}
    files = [found for path in row_of if isinstance(found := _found(root, path), FoundFile)]
    if not files:
        return None
    extraction = extract_listing(Listing(root, tuple(files), ()), options, reporter)
    images = extraction.images.images
    label_of: dict[int, str] = {}
    for number, image in enumerate(images):
        row = row_of[image.path]
        if image.sha256 == held_out.sha256[row] and folder_of[row]:
            label_of[number] = renamed.get(folder_of[row], folder_of[row])
    counts = Counter([*label_of.values(), *others, *others])
    label_of = {number: label for number, label in label_of.items() if counts[label] > 1}
    if not label_of:
        return None
    folders, kept = tuple(sorted(set(label_of.values()))), np.array(list(label_of), np.intp)
    everything = np.arange(len(images))
    part = LabelledSet(extraction.images, extraction.features, folders, everything, everything).subset(kept)
    numbers = np.array([folders.index(label) for label in label_of.values()], np.intp)
    rows_kept = [row_of[images[number].path] for number in label_of]
    return replace(part, labels=numbers, groups=np.arange(len(kept))), rows_kept


def _found(root: Path, path: str) -> FoundFile | Rejection:
    """Return the file of a training image, which may be a page of it."""
    found = found_file(root, path)
    file, _, page = path.rpartition("#")
    if isinstance(found, FoundFile) or not page.isdecimal() or int(page) < 1:
        return found
    whole = found_file(root, file)
    return replace(whole, path=path, page=int(page)) if isinstance(whole, FoundFile) else whole


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
            replace(image, path=str(other.images.root / image.path)) for image in other.images.images
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
