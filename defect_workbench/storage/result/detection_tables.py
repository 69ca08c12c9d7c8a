"""Writes the result of finding defects: one row per defect, the counts, and the files that were not used."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TextIO

import numpy as np
from PIL import Image, ImageDraw

from defect_workbench.core.arrays import Pixels
from defect_workbench.core.errors import WorkbenchError
from defect_workbench.core.images.detections import Detection
from defect_workbench.core.images.image_records import Rejection
from defect_workbench.core.result_files import BOXES, COUNTS, DETECTIONS, OVERLAYS, REJECTED
from defect_workbench.core.safe_reading import is_inside
from defect_workbench.storage.boxes.box_format import BoxedImage, BoxFormat
from defect_workbench.storage.files.csv_cells import row_text, safe_path, safe_text
from defect_workbench.storage.result.box_files import fill_with_boxes
from defect_workbench.storage.result.new_folder import filling

_DETECTION_COLUMNS = ("path", "label", "score", "x1", "y1", "x2", "y2", "area")
_COUNT_COLUMNS = ("path", "count")
_REJECTED_COLUMNS = ("path", "reason")
_COLOURS = ("#EE6677", "#66CCEE", "#CCBB44", "#228833", "#AA3377", "#4477AA")


class DetectionTables:
    """The tables of a result, to which the images are added one after the other.

    Parameters
    ----------
    folder : Path
        Where the files are written.
    labels : sequence of str
        The kinds of defects, each of which gets a column of the counts.
    """

    def __init__(self, folder: Path, labels: Sequence[str], stack: ExitStack) -> None:
        self._folder = folder
        self._labels = tuple(labels)
        self._detections = _opened(folder / DETECTIONS, _DETECTION_COLUMNS, stack)
        columns = (*_COUNT_COLUMNS, *(safe_text(label) for label in labels))
        self._counts = _opened(folder / COUNTS, columns, stack)
        self._rejected = _opened(folder / REJECTED, _REJECTED_COLUMNS, stack)

    def add(self, path: str, detections: Sequence[Detection]) -> None:
        """Add an image; its defects are listed from top to bottom."""
        ordered = sorted(detections, key=lambda each: (each.box.y1, each.box.x1, each.box.y2, each.box.x2))
        for each in ordered:
            box = each.box
            corners = (f"{value:g}" for value in (box.x1, box.y1, box.x2, box.y2))
            row = (safe_path(path), safe_text(box.label), f"{each.score:.4f}", *corners, each.area)
            self._detections.write(row_text(row))
        counts = Counter(each.box.label for each in detections)
        cells = (safe_path(path), len(detections), *(counts[label] for label in self._labels))
        self._counts.write(row_text(cells))

    def reject(self, rejection: Rejection) -> None:
        """Add a file that was not used."""
        self._rejected.write(row_text((safe_path(rejection.path), safe_text(rejection.reason))))

    def write_boxes(self, box_format: BoxFormat, images: Sequence[BoxedImage]) -> None:
        """Write `_boxes/`: the boxes of all images in a format of box files."""
        fill_with_boxes(self._folder / BOXES, box_format, images)

    def draw(self, path: str, pixels: Pixels, detections: Sequence[Detection]) -> None:
        """Write `_overlays/PATH.png`: the image with the box of each defect. Several threads may call this.

        Raises
        ------
        WorkbenchError
            If the path leads out of the folder.
        """
        if not is_inside(path):
            raise WorkbenchError(f"{path[:80]!r} is outside the folder of the images")
        target = self._folder / OVERLAYS / f"{path}.png"
        target.parent.mkdir(parents=True, exist_ok=True)
        overlay(pixels, detections, self._labels).save(target)


def overlay(pixels: Pixels, detections: Sequence[Detection], labels: Sequence[str]) -> Image.Image:
    """Return an image with the box of each defect, in the colour of its label.

    Parameters
    ----------
    pixels : (height, width) or (height, width, 3) uint8
    """
    rgb = pixels if pixels.ndim == 3 else np.repeat(pixels[:, :, None], 3, axis=2)
    image = Image.fromarray(np.ascontiguousarray(rgb))
    pen = ImageDraw.Draw(image)
    width = max(1, round(min(image.size) / 320))
    for each in detections:
        box, number = each.box, labels.index(each.box.label) if each.box.label in labels else 0
        right, bottom = max(box.x1, box.x2 - 1), max(box.y1, box.y2 - 1)
        pen.rectangle((box.x1, box.y1, right, bottom), outline=_COLOURS[number % len(_COLOURS)], width=width)
    return image


@contextmanager
def writing_detections(out: Path, labels: Sequence[str]) -> Iterator[DetectionTables]:
    """Yield the tables of a new result folder, which appears only if the block ends without an error.

    Raises
    ------
    WorkbenchError
        If the folder cannot be written.
    """
    with filling(out, (COUNTS,)) as folder, ExitStack() as stack:
        yield DetectionTables(folder, labels, stack)


def _opened(path: Path, columns: Sequence[str], stack: ExitStack) -> TextIO:
    stream = stack.enter_context(path.open("w", encoding="utf-8", newline=""))
    stream.write(row_text(columns))
    return stream
