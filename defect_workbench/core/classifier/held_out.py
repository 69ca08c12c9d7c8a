"""The held-out prediction of each training image, so that figures lead to images."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from defect_workbench.core.arrays import Integers
from defect_workbench.core.images.image_records import ImageSet
from defect_workbench.core.text import counted


@dataclass(frozen=True)
class DoubtfulLabel:
    """A training image whose label is probably wrong.

    Attributes
    ----------
    image : int
        Row of `HeldOutImages`.
    disagreeing : float
        Share of its nearest neighbours that have another label.
    """

    image: int
    disagreeing: float


@dataclass(frozen=True)
class HeldOutImages:
    """The training images, each with its label and its held-out prediction; one value per image.

    Attributes
    ----------
    root : str
        Folder that paths are relative to, unless they are absolute.
    labels, predictions : tuple of int
        Indices into the labels of the confusion matrix.
    probabilities : tuple of float
        Of the prediction.
    by_cluster : tuple of bool
        Whether the label is that of a confirmed cluster; empty if all are those of class folders.
    doubtful : tuple of DoubtfulLabel
        The images whose labels are probably wrong, the most doubtful first.
    folders : tuple of int
        Indices into the class folders in alphabetical order, which stages may join into one label.
    sources : tuple of int
        Indices into `source_names`: the image sets and labelled folders. These three are empty in models of
        earlier versions.
    """

    root: str
    paths: tuple[str, ...]
    sha256: tuple[str, ...]
    labels: tuple[int, ...]
    predictions: tuple[int, ...]
    probabilities: tuple[float, ...]
    by_cluster: tuple[bool, ...] = ()
    doubtful: tuple[DoubtfulLabel, ...] = ()
    folders: tuple[int, ...] = ()
    sources: tuple[int, ...] = ()
    source_names: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Refuse columns of different lengths, and rows that do not exist."""
        n = len(self.paths)
        columns = (
            self.sha256,
            self.labels,
            self.predictions,
            self.probabilities,
            self.by_cluster or self.paths,
            self.folders or self.paths,
            self.sources or self.paths,
        )
        if any(len(column) != n for column in columns):
            raise ValueError("the columns of the held-out images must have the same length")
        if any(not 0 <= each.image < n for each in self.doubtful):
            raise ValueError("a doubtful label is of no image")
        if any(not 0 <= number < len(self.source_names) for number in self.sources):
            raise ValueError("a held-out image has a source that does not exist")

    def __len__(self) -> int:
        return len(self.paths)

    def check(self, count: int, folders: int) -> None:
        """Refuse labels and predictions that are none of `count` labels, and class folders.

        Raises
        ------
        ValueError
        """
        if any(not 0 <= number < count for number in (*self.labels, *self.predictions)):
            raise ValueError("a held-out image has a label that does not exist")
        if any(not 0 <= number < folders for number in self.folders):
            raise ValueError("a held-out image has a class folder that does not exist")

    def file(self, row: int) -> Path:
        """Return the file of an image when the classifier was trained."""
        return Path(self.root) / self.paths[row]

    def rows_of(self, label: int, prediction: int) -> list[int]:
        """Return the images of a cell of the confusion matrix, the most probable prediction first."""
        rows = [
            i
            for i, pair in enumerate(zip(self.labels, self.predictions, strict=True))
            if pair == (label, prediction)
        ]
        return self._ordered(rows)

    @property
    def mistakes(self) -> list[int]:
        """The images whose prediction is not their label, the most probable prediction first."""
        return self._ordered([i for i in range(len(self)) if self.labels[i] != self.predictions[i]])

    def _ordered(self, rows: list[int]) -> list[int]:
        return sorted(rows, key=lambda row: -self.probabilities[row])

    @property
    def folder_rows(self) -> list[int]:
        """The images whose label is that of a class folder."""
        return [i for i in range(len(self)) if not (self.by_cluster and self.by_cluster[i])]

    @property
    def meaning_of_right(self) -> str:
        """What the labels are that predictions are compared with, in a sentence."""
        folders = self.folder_rows
        if not folders:
            return "Correct means: agrees with your clusters. Errors in them are learned, too."
        if len(folders) == len(self):
            return "Correct means: agrees with the labelled folders."
        right = sum(self.labels[i] == self.predictions[i] for i in folders)
        return (
            "Correct means: agrees with your clusters and the labelled folders. With labels from folders: "
            f"{right / len(folders):.1%} of {counted(len(folders), 'image')}."
        )

    @property
    def reference(self) -> str:
        """What correct predictions agree with: "your clusters", "the labelled folders", or both."""
        folders = len(self.folder_rows)
        both = "your clusters and the labelled folders"
        return "your clusters" if not folders else "the labelled folders" if folders == len(self) else both

    def as_json(self) -> dict[str, Any]:
        """Return JSON values for the model file."""
        return asdict(self)


def labels_to_check(held_out: HeldOutImages, names: tuple[str, ...]) -> list[Mapping[str, Any]]:
    """Return JSON values of the images whose labels are probably wrong.

    Parameters
    ----------
    names : tuple of str
        The labels of the confusion matrix.
    """
    return [
        {
            "path": held_out.paths[each.image],
            "label": names[held_out.labels[each.image]],
            "prediction": names[held_out.predictions[each.image]],
            "probability": held_out.probabilities[each.image],
            "disagreeing": each.disagreeing,
        }
        for each in held_out.doubtful
    ]


class HeldOutPlaces:
    """The places of training images in the open image set, found once for each pair of sets."""

    def __init__(self) -> None:
        self._found: tuple[HeldOutImages | None, ImageSet | None, Integers] = None, None, np.empty(0, np.intp)

    def of(self, held_out: HeldOutImages, images: ImageSet | None) -> Integers:
        """Return where each training image is in an image set, -1 where it is not, (n,)."""
        if images is None:
            return np.full(len(held_out), -1, np.intp)
        if self._found[0] is not held_out or self._found[1] is not images:
            self._found = held_out, images, np.array(_located(held_out, images), np.intp)
        return self._found[2]


def _located(held_out: HeldOutImages, images: ImageSet) -> list[int]:
    """Return where each training image is in an image set, -1 where it is not.

    An image is found by its file if its content is the same, or else by its content alone: a folder may have
    been moved.
    """
    # Joined as text, as 30,000 paths take a quarter of a second.
    root = str(images.root)
    by_content = {image.sha256: number for number, image in enumerate(images.images)}
    by_file = {
        (os.path.join(root, image.path), image.sha256): number for number, image in enumerate(images.images)
    }
    return [
        by_file.get((os.path.join(held_out.root, path), content), by_content.get(content, -1))
        for path, content in zip(held_out.paths, held_out.sha256, strict=True)
    ]
