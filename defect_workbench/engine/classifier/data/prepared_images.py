"""The images of a labelled set that a classifier is trained on."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from defect_workbench.core.arrays import Integers
from defect_workbench.core.progress import Reporter
from defect_workbench.core.text import counted
from defect_workbench.engine.classifier.data.dataset import (
    LabelledSet,
    contradictions,
    merged_groups,
    without,
)
from defect_workbench.engine.classifier.data.folder_source import FolderSource
from defect_workbench.engine.classifier.data.near_duplicates import near_duplicates


@dataclass(frozen=True, eq=False)
class PreparedImages:
    """The images to train on.

    Attributes
    ----------
    data : LabelledSet
        Without contradictions; images that must be in one fold share a group.
    duplicates : (n,) intp
        The group of each image; near-duplicates share one.
    notes : tuple of str
        For the user.
    """

    data: LabelledSet
    source: FolderSource | None
    duplicates: Integers
    notes: tuple[str, ...]


def prepared_images(
    data: LabelledSet, source: FolderSource | None, lots: list[str] | None, reporter: Reporter
) -> PreparedImages:
    """Return the images to train on: without contradictions, and grouped by what must be in one fold.

    Parameters
    ----------
    source : FolderSource or None
        Reads the images.
    lots : list of str, optional
        The lot of each image; all images of a lot get into one group.

    Raises
    ------
    Cancelled
        If the user cancelled.
    """
    dropped = contradictions(data)
    if dropped:
        reporter.warn(
            f"{counted(len(dropped), 'image')} left out of training: identical images are in different class "
            f"folders ({counted(len(data) - len(dropped), 'image')} left)"
        )
        dropped_paths = {item.path for item in dropped}
        kept = [i for i, image in enumerate(data.images.images) if image.path not in dropped_paths]
        lots = [lots[i] for i in kept] if lots is not None else None
        data = without(data, dropped)
        source = source.subset(np.array(kept, np.intp)) if source is not None else None
    duplicates = near_duplicates(data.images, data.features, reporter)
    notes = [_duplicates_note(duplicates)]
    groups = duplicates
    if lots is not None:
        groups = merged_groups(groups, lots)
        notes.append(f"{len(np.unique(groups)):,} groups of images from one lot or near-duplicates")
    return PreparedImages(replace(data, groups=groups), source, duplicates, tuple(notes))


def _duplicates_note(groups: Integers) -> str:
    joined = len(groups) - len(np.unique(groups))
    if not joined:
        return "no near-duplicates found"
    shared = int((np.bincount(groups) > 1).sum())
    return (
        f"{counted(shared, 'group')} of near-duplicates found; each is kept in one fold "
        f"({counted(joined + shared, 'image')})"
    )
