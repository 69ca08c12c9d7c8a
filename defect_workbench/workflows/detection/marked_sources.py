"""Where the images and boxes come from that a detector is trained on: a folder, or an open project."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import numpy as np

from defect_workbench.core.errors import InputError
from defect_workbench.core.images.detections import Box
from defect_workbench.core.images.image_records import ImageSet, Rejection
from defect_workbench.core.progress import Reporter
from defect_workbench.core.project.found_defects import FoundDefects
from defect_workbench.core.text import counted
from defect_workbench.storage.boxes.box_folder import BoxFolder, BoxProblem
from defect_workbench.workflows.detection.search_folder import no_usable_image, open_images
from defect_workbench.workflows.detection.search_project import open_project_images
from defect_workbench.workflows.klarf.image_listing import ImageSource, list_images, list_references

if TYPE_CHECKING:
    from defect_workbench.engine.detection.folder_images import ReadImage

FEWEST_IMAGES, FEWEST_WITH_BOXES, FEW_BOXES = 4, 2, 10

Boxes = Mapping[str, tuple[Box, ...]]


class MarkedSource(Protocol):
    """Images, and boxes that people drew or checked."""

    @property
    def paths(self) -> Sequence[str]:
        """The images, in order."""

    @property
    def rejected(self) -> Sequence[Rejection]:
        """Files that are known not to be images."""

    @property
    def with_references(self) -> bool:
        """Whether there are golden references."""

    def read(self, path: str) -> ReadImage | Rejection:
        """Read an image and its reference; several threads may call this."""

    def boxes(
        self, sizes: Mapping[str, tuple[int, int]], reporter: Reporter
    ) -> tuple[Boxes, tuple[BoxProblem, ...]]:
        """Return the boxes of the marked ones of these images, and what cannot be used of them.

        Parameters
        ----------
        sizes : mapping of str to (int, int)
            Width and height of each image that can be used.
        """

    def marked(self, images: int) -> str:
        """Return the text for the number of marked images."""

    def none_usable(self, rejected: Sequence[Rejection]) -> InputError:
        """Return the error for images none of which can be used."""


class FolderSource:
    """The images of a folder or of inspection files, and box files.

    Raises
    ------
    InputError
        If a folder does not exist or has no images, or no image has a reference.
    """

    def __init__(
        self, source: ImageSource, reference: Path | None, boxes: BoxFolder, reporter: Reporter
    ) -> None:
        listed = list_images(source, reporter)
        references = list_references(reference, reporter)
        if references is None and listed.klarf is not None:
            references = listed.klarf.references
        self._images = open_images(listed.listing, references, reference)
        self._files = {file.path: file for file in self._images.listing.files}
        self._boxes = boxes
        self.paths: Sequence[str] = tuple(self._files)
        self.rejected: Sequence[Rejection] = self._images.listing.rejected
        self.with_references = references is not None

    def read(self, path: str) -> ReadImage | Rejection:
        """Read an image and its reference; see `MarkedSource`."""
        return self._images.read(self._files[path])

    def boxes(
        self, sizes: Mapping[str, tuple[int, int]], reporter: Reporter
    ) -> tuple[Boxes, tuple[BoxProblem, ...]]:
        """Return the boxes of the images that have box files; see `MarkedSource`."""
        read = self._boxes.read(sizes, reporter)
        return read.boxes, read.problems

    def marked(self, images: int) -> str:
        """Return the text for the number of images with box files."""
        return f"{images:,} of the images have box files in {self._boxes.root}"

    def none_usable(self, rejected: Sequence[Rejection]) -> InputError:
        """Return the error for a folder without a usable image."""
        return no_usable_image(self._images.listing.root, rejected)


class ProjectSource:
    """The images of a project whose boxes the user has checked.

    Raises
    ------
    InputError
        If the folder of references does not exist or has no images, or no image has a reference.
    """

    def __init__(
        self, images: ImageSet, found: FoundDefects, reference: Path | None, reporter: Reporter
    ) -> None:
        self._images = open_project_images(images, reference, reporter)
        self._places = {images.images[i].path: i for i in np.flatnonzero(found.checked).tolist()}
        self._found = found
        self.paths: Sequence[str] = tuple(self._places)
        self.rejected: Sequence[Rejection] = ()
        self.with_references = reference is not None

    def read(self, path: str) -> ReadImage | Rejection:
        """Read an image and its reference; see `MarkedSource`."""
        return self._images.read(self._places[path])

    def boxes(
        self, sizes: Mapping[str, tuple[int, int]], reporter: Reporter
    ) -> tuple[Boxes, tuple[BoxProblem, ...]]:
        """Return the boxes that the user has checked; see `MarkedSource`."""
        of = self._found.of
        return {p: tuple(each.box for each in of[self._places[p]] or ()) for p in sizes}, ()

    def marked(self, images: int) -> str:
        """Return the text for the number of checked images."""
        return f"{counted(images, 'image')} with checked boxes can be used"

    def none_usable(self, rejected: Sequence[Rejection]) -> InputError:
        """Return the error for checked images none of which can be used."""
        first = f"; first: {rejected[0].path}: {rejected[0].reason}" if rejected else ""
        return InputError(f"no image with checked boxes can be used{first}")


@dataclass(frozen=True)
class CheckedBoxes:
    """What a project has to train a detector on.

    Attributes
    ----------
    images, clean, unchecked : int
        Images that the user has checked, those of them without a defect, and the other images.
    kinds : mapping of str to int
        Boxes of each kind on the checked images, the most frequent first.
    """

    images: int
    clean: int
    unchecked: int
    kinds: Mapping[str, int]

    @staticmethod
    def of(found: FoundDefects) -> CheckedBoxes:
        """Return what was checked of the defects of a project."""
        boxes = [found.of[i] or () for i in np.flatnonzero(found.checked).tolist()]
        kinds = Counter(each.box.label for defects in boxes for each in defects)
        clean = sum(not defects for defects in boxes)
        ordered = dict(sorted(kinds.items(), key=lambda item: (-item[1], item[0])))
        return CheckedBoxes(len(boxes), clean, len(found.of) - len(boxes), ordered)

    @property
    def enough(self) -> bool:
        """Whether a detector can be trained on them."""
        return enough(self.images, self.images - self.clean)

    @property
    def rare(self) -> tuple[str, ...]:
        """The kinds with too few boxes to be learned reliably."""
        return tuple(sorted(kind for kind, number in self.kinds.items() if number < FEW_BOXES))


NEEDED = f"training needs at least {FEWEST_IMAGES} images, {FEWEST_WITH_BOXES} of them with at least one box"


def enough(images: int, with_boxes: int) -> bool:
    """Whether a detector can be trained on this many marked images."""
    return images >= FEWEST_IMAGES and with_boxes >= FEWEST_WITH_BOXES
