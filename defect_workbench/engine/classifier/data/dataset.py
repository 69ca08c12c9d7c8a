"""Images with labels from class folders, on which a classifier is trained."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from defect_workbench.core.arrays import Integers
from defect_workbench.core.clustering.feature_blocks import Features
from defect_workbench.core.errors import InputError, Remedy
from defect_workbench.core.images.image_records import ImageSet, Rejection
from defect_workbench.core.progress import Reporter
from defect_workbench.core.text import counted
from defect_workbench.engine.input.scan import Listing, scan

FEWEST = 2


@dataclass(frozen=True, eq=False)
class LabelledSet:
    """Images with the class folder of each.

    Attributes
    ----------
    folders : tuple of str
        Names of the class folders, in alphabetical order.
    labels : (n,) intp
        Index into `folders`.
    groups : (n,) intp
        Images that must be in the same fold: of one lot, or near-duplicates.
    """

    images: ImageSet
    features: Features
    folders: tuple[str, ...]
    labels: Integers
    groups: Integers

    def __len__(self) -> int:
        return len(self.labels)

    def subset(self, chosen: Integers) -> LabelledSet:
        """Return the set with some of the images and the names of all folders.

        Parameters
        ----------
        chosen : (m,) intp
            Rows of the set.
        """
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
    """List the images in the class folders of `root`; each of its subfolders is a class.

    `root` may be a result folder; its tables and its outliers are not classes.

    Raises
    ------
    InputError
        If `root` does not exist or no class folder contains images.
    """
    listing = scan(root, reporter)
    kept, loose = [], 0
    for file in listing.files:
        if "/" not in file.path:
            loose += 1
        elif not file.path.startswith(("_", ".")):
            kept.append(file)
    if not kept:
        hint = " (the images are directly in it)" if loose else ""
        raise InputError(f"{root} has no class folders with images{hint}; each of its subfolders is a class")
    if loose:
        reporter.warn(f"{counted(loose, 'image')} outside the class folders not used")
    return replace(listing, files=tuple(kept))


def labelled_set(images: ImageSet, features: Features, groups: Integers | None = None) -> LabelledSet:
    """Return images with their class folders as labels.

    Parameters
    ----------
    images : ImageSet
        Of n images.
    features : Features
        Of the same images.
    groups : (n,) intp, optional
        Default: each image is a separate group.

    Raises
    ------
    InputError
        If there are fewer than two classes, or one with fewer than two images.
    """
    names = [image.path.split("/", 1)[0] for image in images.images]
    folders = tuple(sorted(set(names)))
    labels = np.array([folders.index(name) for name in names], np.intp)
    check_classes(folders, labels)
    if groups is None:
        groups = np.arange(len(labels))
    return LabelledSet(images, features, folders, labels, groups)


def check_classes(folders: Sequence[str], labels: Integers) -> None:
    """Check that there are at least two classes, and at least two images in each.

    Parameters
    ----------
    labels : (n,) intp
        Indices into `folders`.

    Raises
    ------
    InputError
        If there are not.
    """
    if len(folders) < 2:
        only = f"only '{folders[0]}'" if folders else "none"
        raise InputError(f"a classifier needs at least two class folders; there is {only}")
    counts = np.bincount(labels, minlength=len(folders))
    if counts.min() < FEWEST:
        few = folders[int(counts.argmin())]
        raise InputError(
            f"the class folder {few} has fewer than {FEWEST} usable images; add images, or move it elsewhere"
        )


def contradictions(data: LabelledSet) -> list[Rejection]:
    """Return the images whose content is in several class folders, as rejections with the reason."""
    where: dict[str, set[int]] = {}
    for image, label in zip(data.images.images, data.labels.tolist(), strict=True):
        where.setdefault(image.sha256, set()).add(label)
    return [
        Rejection(image.path, "an identical image is in another class folder")
        for image in data.images.images
        if len(where[image.sha256]) > 1
    ]


def without(data: LabelledSet, dropped: Sequence[Rejection]) -> LabelledSet:
    """Return the set without some images, which become rejected files of it.

    Raises
    ------
    InputError
        If the images left are not enough to train on.
    """
    if not dropped:
        return data
    dropped_paths = {rejection.path for rejection in dropped}
    kept = np.array(
        [i for i, image in enumerate(data.images.images) if image.path not in dropped_paths], np.intp
    )
    left = data.subset(kept)
    rejected = tuple(sorted((*data.images.rejected, *dropped), key=lambda item: item.path))
    images = ImageSet(data.images.root, left.images.images, rejected)
    result = replace(left, images=images)
    check_classes(result.folders, result.labels)
    return result


def lot_of(rule: str) -> Callable[[str], str]:
    """Return a function that extracts the lot from a path.

    Parameters
    ----------
    rule : str
        'parent' for the folder of the image, or a regular expression. The lot is the first group of the
        expression, or all that it matches. A path that it does not match is a separate lot.

    Raises
    ------
    InputError
        If the rule is not a valid regular expression.
    """
    if rule == "parent":
        return lambda path: os.path.dirname(path)
    try:
        pattern = re.compile(rule)
    except re.error as error:
        raise InputError(
            f"the lot rule {rule} is neither 'parent' nor a valid regular expression ({error})",
            Remedy.OTHER_LOTS,
        ) from error

    def lot(path: str) -> str:
        match = pattern.search(path)
        if match is None:
            return f"\0{path}"
        return match.group(1) or "" if pattern.groups else match.group(0)

    return lot


def merged_groups(first: Integers, keys: Sequence[str]) -> Integers:
    """Merge groups: images are together if they share a group or a key, directly or through other images.

    Parameters
    ----------
    first : (n,) intp
        The groups to merge.
    keys : sequence of str
        One key per image.

    Returns
    -------
    (n,) intp
        Consecutive numbers from 0.
    """
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    _, second = np.unique(np.array(keys, dtype=object).astype(str), return_inverse=True)
    n = len(first)
    columns = np.concatenate([first, second + int(first.max(initial=-1)) + 1])
    rows = np.tile(np.arange(n), 2)
    size = n + int(columns.max(initial=-1)) + 1
    graph = coo_array((np.ones(2 * n), (rows, columns + n)), shape=(size, size))
    _, components = connected_components(graph, directed=False)
    _, groups = np.unique(components[:n], return_inverse=True)
    return groups.astype(np.intp)


def class_counts(data: LabelledSet) -> Mapping[str, int]:
    """Return the number of images per class folder."""
    counts = np.bincount(data.labels, minlength=len(data.folders))
    return dict(zip(data.folders, counts.tolist(), strict=True))
