"""Masks of the defects that the classical finder found, computed in the background for images in sight."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject

from defect_workbench.app.boxes.defect_boxes import DefectBoxes
from defect_workbench.app.image_loading.newest_first import NewestFirst
from defect_workbench.core.arrays import Vectors
from defect_workbench.core.images.detections import Box
from defect_workbench.core.images.image_records import ImageSet
from defect_workbench.workflows.detection.found_masks import FoundMasks

if TYPE_CHECKING:
    from defect_workbench.engine.detection.defect_masks import DefectMask


@dataclass(frozen=True, eq=False)
class _Searched:
    """What was searched: compared by identity, as comparing all images would take long."""

    images: ImageSet
    reference: str


class MaskLoader(NewestFirst):
    """Finds and caches the outlines of the masks of images.

    A box that the user drew, moved or resized has no mask.
    """

    def __init__(self, defects: DefectBoxes, parent: QObject | None = None) -> None:
        super().__init__("thumbnails-masks", self._masks, parent)
        self._defects = defects
        # Of the thread: the references of the last set of images, whose folder is listed only once.
        self._source: tuple[_Searched, FoundMasks] | None = None
        self._searched: _Searched | None = None

    def of(self, image: int) -> dict[tuple[float, float, float, float], Vectors]:
        """Return the outlines by the corners of their boxes; none until they are known.

        Returns
        -------
        mapping of corners to (m, 4) float32
            In pixels of the image.
        """
        project, found = self._defects.document.project, self._defects.found
        if project is None or found is None or found.reference is None or not self._defects.of(image):
            return {}
        searched = self._searched
        if searched is None or searched.images is not project.images or searched.reference != found.reference:
            self.clear()
            searched = self._searched = _Searched(project.images, found.reference)
        masks: tuple[DefectMask, ...] | None = self.value((searched, image))
        return {corners(each.box): each.lines for each in masks or ()}

    def _masks(self, key: tuple[_Searched, int]) -> tuple[DefectMask, ...]:
        searched, image = key
        if self._source is None or self._source[0] is not searched:
            self._source = searched, FoundMasks(searched.images, searched.reference)
        return self._source[1].of(image)


def corners(box: Box) -> tuple[float, float, float, float]:
    """Return the corners of a box, whatever its label."""
    return box.x1, box.y1, box.x2, box.y2
