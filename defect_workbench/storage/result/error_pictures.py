"""Writes the errors of a detector: a table, and each image with its errors drawn."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

from defect_workbench.core.arrays import Pixels
from defect_workbench.core.detector.detection_error import ERROR_COLOURS, DetectionError
from defect_workbench.core.errors import WorkbenchError
from defect_workbench.core.safe_reading import is_inside
from defect_workbench.storage.files.csv_cells import row_text, safe_path, safe_text
from defect_workbench.storage.result.new_folder import filling

TABLE = "errors.csv"
_COLUMNS = ("path", "error", "found", "marked", "score", "x1", "y1", "x2", "y2")
_LEAST_SIDE = 640


class ErrorPictures:
    """The errors of a detector, to which the images are added one after the other.

    Parameters
    ----------
    folder : Path
        Where the files are written.
    """

    def __init__(self, folder: Path, stack: ExitStack) -> None:
        self._folder = folder
        self._table = stack.enter_context((folder / TABLE).open("w", encoding="utf-8", newline=""))
        self._table.write(row_text(_COLUMNS))

    def add(self, path: str, pixels: Pixels, errors: Sequence[DetectionError]) -> None:
        """Add the errors of an image to the table, and write `PATH.png` with its errors drawn.

        Parameters
        ----------
        pixels : (height, width) or (height, width, 3) uint8

        Raises
        ------
        WorkbenchError
            If the path leads out of the folder.
        """
        if not is_inside(path):
            raise WorkbenchError(f"{path[:80]!r} is outside the folder of the images")
        for each in errors:
            box = each.box
            score = "" if each.score is None else f"{each.score:.4f}"
            corners = (f"{value:g}" for value in (box.x1, box.y1, box.x2, box.y2))
            names = (safe_text(each.found), safe_text(each.marked))
            self._table.write(row_text((safe_path(path), each.kind.value, *names, score, *corners)))
        target = self._folder / f"{path}.png"
        target.parent.mkdir(parents=True, exist_ok=True)
        error_picture(pixels, errors).save(target)


def error_picture(pixels: Pixels, errors: Sequence[DetectionError]) -> Image.Image:
    """Return a grey or RGB image with a box and a caption for each error, enlarged if it is small."""
    rgb = pixels if pixels.ndim == 3 else np.repeat(pixels[:, :, None], 3, axis=2)
    image = Image.fromarray(np.ascontiguousarray(rgb))
    factor = max(1, -(-_LEAST_SIDE // max(1, min(image.size))))
    image = image.resize((image.width * factor, image.height * factor), Image.Resampling.NEAREST)
    pen = ImageDraw.Draw(image)
    width = max(2, round(min(image.size) / 320))
    size = max(12, round(min(image.size) / 45))
    for each in errors:
        box, colour = each.box, ERROR_COLOURS[each.kind]
        left, top, right, bottom = (value * factor for value in (box.x1, box.y1, box.x2, box.y2))
        pen.rectangle((left, top, max(left, right - 1), max(top, bottom - 1)), outline=colour, width=width)
        caption = each.caption
        frame = pen.textbbox((0, 0), caption, font_size=size)
        x = min(max(0, left), max(0, image.width - frame[2] - 4))
        y = top - frame[3] - 4 if top >= frame[3] + 4 else min(bottom, image.height - frame[3] - 4)
        pen.rectangle((x, y, x + frame[2] + 4, y + frame[3] + 4), fill="#000000")
        pen.text((x + 2, y + 1), caption, fill=colour, font_size=size)
    return image


@contextmanager
def writing_errors(out: Path) -> Iterator[ErrorPictures]:
    """Yield the pictures of a new folder, which appears only if the block ends without an error.

    Raises
    ------
    WorkbenchError
        If the folder cannot be written.
    """
    with filling(out, (TABLE,)) as folder, ExitStack() as stack:
        yield ErrorPictures(folder, stack)
