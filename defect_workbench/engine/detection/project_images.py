"""Searches the images of an open project, each with its golden reference."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from defect_workbench.core.errors import WorkbenchError
from defect_workbench.core.images.image_records import ImageSet, Rejection
from defect_workbench.core.ordered_threads import in_order
from defect_workbench.engine.detection.folder_detections import AHEAD, Finder, ImageDetections, searched
from defect_workbench.engine.detection.folder_images import ReadImage, ReferenceImages, with_reference
from defect_workbench.engine.extraction.reading_again import read_pixels
from defect_workbench.engine.input.scan import Listing


class ProjectImages:
    """The images of a project, and their golden references.

    Parameters
    ----------
    images : ImageSet
    references : Listing, optional
        The golden references.
    """

    def __init__(self, images: ImageSet, references: Listing | None) -> None:
        self._images = images
        self._references = None if references is None else ReferenceImages(references)

    def has_references(self) -> bool:
        """Whether at least one image has a golden reference, judged by the names."""
        references = self._references
        return references is not None and any(map(references.has, (i.path for i in self._images.images)))

    def read(self, index: int) -> ReadImage | Rejection:
        """Read an image and its reference; several threads may call this."""
        image = self._images.images[index]
        try:
            pixels = read_pixels(self._images, index)
        except WorkbenchError as error:
            return Rejection(image.path, str(error))
        return with_reference(image.path, pixels, image.info_bar, self._references)

    def run(
        self, find: Finder, *, needs_reference: bool, places: Sequence[int] | None = None
    ) -> Iterator[ImageDetections | Rejection]:
        """Yield the defects of each image in order, or why it cannot be searched.

        Parameters
        ----------
        places : sequence of int, optional
            The images to search; by default all.
        """

        def of(index: int) -> ImageDetections | Rejection:
            return searched(self.read(index), find, needs_reference=needs_reference)

        return in_order(of, range(len(self._images)) if places is None else places, AHEAD)
