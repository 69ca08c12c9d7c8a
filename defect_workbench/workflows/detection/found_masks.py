"""The masks of the defects that the classical finder found in the images of a project."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import TYPE_CHECKING

from defect_workbench.core.errors import WorkbenchError
from defect_workbench.core.images.image_records import ImageSet, Rejection
from defect_workbench.core.progress import SilentReporter
from defect_workbench.workflows.detection.search_project import open_project_images

if TYPE_CHECKING:
    from defect_workbench.engine.detection.defect_masks import DefectMask
    from defect_workbench.engine.detection.project_images import ProjectImages

log = logging.getLogger(__name__)


class FoundMasks:
    """Finds the defects of single images again, as only their boxes are kept.

    Parameters
    ----------
    images : ImageSet
    reference : str
        The folder of golden references that the search had; empty without.
    """

    def __init__(self, images: ImageSet, reference: str) -> None:
        self._source: ProjectImages | None = None
        try:
            self._source = open_project_images(
                images, Path(reference) if reference else None, SilentReporter()
            )
        except WorkbenchError as error:
            # Moved meanwhile; the boxes are there all the same.
            log.warning("masks cannot be shown: %s", error)

    def of(self, image: int) -> tuple[DefectMask, ...]:
        """Return the masks of the defects of an image; none if it can no longer be searched."""
        from defect_workbench.engine.detection.defect_masks import defect_masks

        if self._source is None:
            return ()
        read = self._source.read(image)
        if isinstance(read, Rejection):
            return ()
        return defect_masks(read.pixels, read.reference)
