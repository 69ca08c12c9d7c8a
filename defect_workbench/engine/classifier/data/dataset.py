"""Folders of labels: what a classifier learns from."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from defect_workbench.core.arrays import Integers
from defect_workbench.core.clustering.feature_blocks import Features
from defect_workbench.core.errors import InputError
from defect_workbench.core.images.image_records import ImageSet, Rejection
from defect_workbench.core.progress import Reporter
from defect_workbench.engine.input.scan import Listing, scan

FEWEST = 2


@dataclass(frozen=True, eq=False)
class LabelledSet:
    """Images with the folder that each was sorted into.

    Attributes
    ----------
    folders : tuple of str
        Names, sorted.
    labels : (n,) intp
        Index into `folders`.
    groups : (n,) intp
        Images that must stay together: of one lot, or near-duplicates.
    """

    images: ImageSet
    features: Features
    folders: tuple[str, ...]
    labels: Integers
    groups: Integers

    def __len__(self) -> int:
        return len(self.labels)

    def subset(self, chosen: Integers) -> LabelledSet:
        """Some of the images, with all the folders' names."""
        images = ImageSet(self.images.root, tuple(self.images.images[i] for i in chosen.tolist()), ())
        blocks = {name: block[chosen] for name, block in self.features.blocks.items()}
        return LabelledSet(
            images,
            Features(blocks, self.features.backbone),
            self.folders,
            self.labels[chosen],
            self.groups[chosen],
        )


def scan_labels(root: Path, reporter: Reporter) -> Listing:
    """The images in the class folders below `root`: each folder right below it is a class.

    A result folder of this program may be given itself; its tables and its outliers are no class.

    Raises
    ------
    InputError
        If there is no folder, or none with images in it.
    """
    listing = scan(root, reporter)
    kept, loose = [], 0
    for file in listing.files:
        if "/" not in file.path:
            loose += 1
        elif not file.path.startswith(("_", ".")):
            kept.append(file)
    if not kept:
        hint = " (its images lie in it directly)" if loose else ""
        raise InputError(f"{root} holds no folders of images{hint}; each folder right below it is a class")
    if loose:
        reporter.warn(f"images outside the class folders are not used ({loose:,} of them)")
    return replace(listing, files=tuple(kept))


def labelled_set(images: ImageSet, features: Features, groups: Integers | None = None) -> LabelledSet:
    """Images by the folder right below their root.

    Raises
    ------
    InputError
        If there are fewer than two classes, or one with fewer than two images.
    """
    names = [image.path.split("/", 1)[0] for image in images.images]
    folders = tuple(sorted(set(names)))
    labels = np.array([folders.index(name) for name in names], np.intp)
    check_classes(folders, labels)
    own = np.arange(len(labels)) if groups is None else groups
    return LabelledSet(images, features, folders, labels, own)


def check_classes(folders: Sequence[str], labels: Integers) -> None:
    """Refuse fewer than two folders, or fewer than two images in one.

    Parameters
    ----------
    labels : (n,) intp
        Indices into `folders`.

    Raises
    ------
    InputError
    """
    if len(folders) < 2:
        only = f"only '{folders[0]}'" if folders else "none"
        raise InputError(f"a classifier needs folders of at least two kinds of images; there is {only}")
    counts = np.bincount(labels, minlength=len(folders))
    if counts.min() < FEWEST:
        few = folders[int(counts.argmin())]
        raise InputError(
            f"in the folder {few} fewer than {FEWEST} images can be used; add some, or move it elsewhere"
        )


def contradictions(data: LabelledSet) -> list[Rejection]:
    """Images whose content occurs in folders of different kinds, with the reason."""
    where: dict[str, set[int]] = {}
    for image, label in zip(data.images.images, data.labels.tolist(), strict=True):
        where.setdefault(image.sha256, set()).add(label)
    return [
        Rejection(image.path, "the same image lies in folders of different kinds")
        for image in data.images.images
        if len(where[image.sha256]) > 1
    ]


def without(data: LabelledSet, dropped: Sequence[Rejection]) -> LabelledSet:
    """The set without some images, which are then among its rejected files.

    Raises
    ------
    InputError
        If what is left cannot be learned from.
    """
    if not dropped:
        return data
    gone = {rejection.path for rejection in dropped}
    kept = np.array([i for i, image in enumerate(data.images.images) if image.path not in gone], np.intp)
    left = data.subset(kept)
    rejected = tuple(sorted((*data.images.rejected, *dropped), key=lambda item: item.path))
    images = ImageSet(data.images.root, left.images.images, rejected)
    result = replace(left, images=images)
    check_classes(result.folders, result.labels)
    return result


def lot_of(rule: str) -> Callable[[str], str]:
    """How a path tells the lot: 'parent' for the folder an image lies in, or a regular expression.

    The first group of the expression, or all it matches, is the lot; a path it does not match is a lot
    of its own.

    Raises
    ------
    InputError
        If it is not a regular expression.
    """
    if rule == "parent":
        return lambda path: os.path.dirname(path)
    try:
        pattern = re.compile(rule)
    except re.error as error:
        raise InputError(
            f"the rule {rule} for lots is not a regular expression ({error}), nor the word parent"
        ) from error

    def lot(path: str) -> str:
        found = pattern.search(path)
        if found is None:
            return f"\0{path}"
        return found.group(1) or "" if pattern.groups else found.group(0)

    return lot


def merged_groups(first: Integers, keys: Sequence[str]) -> Integers:
    """Groups in which images are together if they are in `first`, or have the same key, directly or in steps.

    Parameters
    ----------
    first : (n,) intp
    keys : sequence of str
        n of them.

    Returns
    -------
    (n,) intp
        From 0 on.
    """
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    _, second = np.unique(np.array(keys, dtype=object).astype(str), return_inverse=True)
    n = len(first)
    columns = np.concatenate([first, second + int(first.max(initial=-1)) + 1])
    rows = np.tile(np.arange(n), 2)
    size = n + int(columns.max(initial=-1)) + 1
    graph = coo_array((np.ones(2 * n), (rows, columns + n)), shape=(size, size))
    _, found = connected_components(graph, directed=False)
    _, groups = np.unique(found[:n], return_inverse=True)
    return groups.astype(np.intp)


def class_counts(data: LabelledSet) -> Mapping[str, int]:
    """Number of images per folder."""
    counts = np.bincount(data.labels, minlength=len(data.folders))
    return dict(zip(data.folders, counts.tolist(), strict=True))
