"""Small lots with an inspection file, in which each picture shows its own number."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import tifffile
from PIL import Image

from defect_workbench.core.arrays import Pixels
from defect_workbench.sample.klarf_writer import (
    KlarfLot,
    KlarfStyle,
    LotDefect,
    LotPicture,
    LotWafer,
    klarf_bytes,
)

DIES = ((0, 0), (1, 0), (0, 1))
# References have the number of their picture and this.
REFERENCES = 2000


def numbered(number: int) -> Pixels:
    """Return a picture whose upper left part has its number as bits, on a plain background with noise.

    The reference of a picture has the same noise.
    """
    picture = np.random.default_rng(number % REFERENCES).integers(90, 96, (32, 40), dtype=np.uint8)
    picture[:6, :12] = [[255 * (number >> bit & 1) for bit in range(12)]] * 6
    return picture


def number_of(picture: Pixels) -> int:
    """Return the number that a picture shows."""
    return sum(1 << bit for bit in range(12) if picture[0, bit] > 127)


def made_klarf(
    folder: Path,
    defects: int = 12,
    *,
    name: str = "lot",
    dialect: str = "1.2",
    style: KlarfStyle | None = None,
    reference_kind: str = "",
    wafers: int = 2,
    suffix: str = "tif",
) -> Path:
    """Write a lot with a TIFF file of pages and return its inspection file.

    Defect n is shown on page n, or with references on page 2n - 1, with the number n.
    """
    folder.mkdir(parents=True, exist_ok=True)
    pages: list[Pixels] = []
    rows: list[list[LotDefect]] = [[] for _ in range(wafers)]
    for number in range(1, defects + 1):
        pages.append(numbered(number))
        pictures = [LotPicture(len(pages), "Test" if reference_kind else "0")]
        if reference_kind:
            pages.append(numbered(number + REFERENCES))
            pictures.append(LotPicture(len(pages), reference_kind))
        die = DIES[number % len(DIES)]
        where = (100.0 * number, 50.0 * number)
        rows[number % wafers].append(LotDefect(number, die, where, pictures=tuple(pictures)))
    with tifffile.TiffWriter(folder / f"{name}.{suffix}") as writer:
        for page in pages:
            writer.write(page, photometric="minisblack", metadata=None)
    lot = KlarfLot(
        name.upper(),
        tuple(LotWafer(f"W{i + 1}", i + 1, DIES, tuple(each)) for i, each in enumerate(rows)),
        image_file=f"{name}.{suffix}",
    )
    path = folder / f"{name}.001"
    path.write_bytes(klarf_bytes(lot, dialect, style))
    return path


def made_klarf_of_files(folder: Path, defects: int = 6) -> Path:
    """Write a lot with one picture file per defect, named by a path of the tool, and return its file."""
    (folder / "images").mkdir(parents=True)
    made = []
    for number in range(1, defects + 1):
        Image.fromarray(numbered(number)).save(folder / "images" / f"D{number}.png")
        picture = LotPicture(1, "0", f"C:\\review\\LOT7\\d{number}.PNG")
        made.append(LotDefect(number, (0, 0), (10.0 * number, 0.0), pictures=(picture,)))
    lot = KlarfLot("LOT7", (LotWafer("W1", 1, DIES, tuple(made)),))
    path = folder / "review.klarf"
    path.write_bytes(klarf_bytes(lot, "1.8"))
    return path
