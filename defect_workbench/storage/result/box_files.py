"""Writes box files: into a result, or into a separate new folder."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from defect_workbench.core.errors import WorkbenchError
from defect_workbench.core.safe_reading import is_inside
from defect_workbench.storage.boxes.box_format import BoxedImage, BoxFormat
from defect_workbench.storage.result.new_folder import filling


def fill_with_boxes(folder: Path, box_format: BoxFormat, images: Sequence[BoxedImage]) -> None:
    """Write the boxes of images below an existing folder.

    Raises
    ------
    WorkbenchError
        If the path of an image leads out of the folder.
    """
    for name, text in box_format.write(images).items():
        if not is_inside(name):
            raise WorkbenchError(f"{name[:80]!r} is outside the folder of the images")
        target = folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(text.encode("utf-8"))


def write_box_files(out: Path, box_format: BoxFormat, images: Sequence[BoxedImage]) -> None:
    """Write the boxes of images to a new folder: all files, or none.

    Raises
    ------
    WorkbenchError
        If the folder cannot be written.
    """
    with filling(out) as folder:
        fill_with_boxes(folder, box_format, images)
