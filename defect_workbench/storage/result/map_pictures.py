"""Defect maps as image files in a result folder."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import numpy as np
from PIL import Image

from defect_workbench.core.arrays import Pixels
from defect_workbench.core.errors import WorkbenchError
from defect_workbench.core.images.image_records import ImageRecord
from defect_workbench.core.progress import Reporter
from defect_workbench.core.project.project_state import Project
from defect_workbench.core.result_files import MAPS
from defect_workbench.core.safe_reading import is_inside


def write_maps(folder: Path, project: Project, paths: Iterable[str], reporter: Reporter) -> None:
    """Write the defect maps of some images as `_maps/PATH.png`, of the size of the image.

    Grey level 24 is a strangeness of 1 (`LEVELS`); an info bar is black.

    Parameters
    ----------
    paths : iterable of str
        Of the images, as in the project.

    Raises
    ------
    WorkbenchError
        If a path leads out of the folder.
    Cancelled
        If the user cancels.
    """
    if project.maps is None:
        return
    wanted = set(paths)
    reporter.stage("Writing defect maps", len(wanted))
    for image, grid in zip(project.images.images, project.maps.grids, strict=True):
        if image.path not in wanted:
            continue
        reporter.check()
        if not is_inside(image.path):
            raise WorkbenchError(f"{image.path[:80]!r} is outside the folder of the images")
        target = folder / MAPS / f"{image.path}.png"
        target.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(map_picture(grid, image)).save(target)
        reporter.advance()


def map_picture(grid: Pixels, image: ImageRecord) -> Pixels:
    """Return a map at the size of its image, (height, width) uint8."""
    shown = (max(1, image.height - image.info_bar), image.width)
    enlarged = Image.fromarray(grid).resize((shown[1], shown[0]), Image.Resampling.BILINEAR)
    picture = np.zeros((max(image.height, shown[0]), image.width), np.uint8)
    picture[: shown[0]] = np.asarray(enlarged)
    return picture
