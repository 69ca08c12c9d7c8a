"""The generated lot as files: an inspection file, and a TIFF file with a picture and a reference per defect."""

from __future__ import annotations

from pathlib import Path

import tifffile

from defect_workbench.sample import klarf_writer
from defect_workbench.sample.wafer_lot import WaferLot, make_lot

NAME = "demo-lot"
_AREA_UM2 = 6.0e10


def write_demo_lot(folder: Path) -> Path:
    """Write the lot to a folder, which is created; return the inspection file.

    The same files each time; those that are there are kept.

    Raises
    ------
    OSError
        If a file cannot be written.
    """
    klarf, pages = folder / f"{NAME}.001", folder / f"{NAME}.tif"
    if klarf.is_file() and pages.is_file():
        return klarf
    folder.mkdir(parents=True, exist_ok=True)
    lot = make_lot()
    draft = pages.with_suffix(".part")
    with tifffile.TiffWriter(draft) as writer:
        for defect in lot.defects:
            for picture in (defect.picture, defect.reference):
                writer.write(picture, photometric="minisblack", compression="zlib", metadata=None)
    draft.replace(pages)
    draft.write_bytes(klarf_writer.klarf_bytes(_as_klarf(lot, pages.name), "1.8"))
    draft.replace(klarf)
    return klarf


def _as_klarf(lot: WaferLot, pages: str) -> klarf_writer.KlarfLot:
    rows: list[list[klarf_writer.LotDefect]] = [[] for _ in lot.wafers]
    for number, defect in enumerate(lot.defects, start=1):
        pictures = (
            klarf_writer.LotPicture(2 * number - 1, "Test"),
            klarf_writer.LotPicture(2 * number, "Reference"),
        )
        rows[defect.wafer].append(
            klarf_writer.LotDefect(
                number,
                (defect.die_x, defect.die_y),
                (defect.in_die_x_um, defect.in_die_y_um),
                (defect.size_um, defect.size_um),
                pictures=pictures,
            )
        )
    first = lot.wafers[0]
    return klarf_writer.KlarfLot(
        first.lot,
        tuple(
            klarf_writer.LotWafer(wafer.name, wafer.slot, wafer.dies, tuple(defects), _AREA_UM2)
            for wafer, defects in zip(lot.wafers, rows, strict=True)
        ),
        image_file=pages,
        device="DEMO",
        step="AFTER ETCH",
        recipe="DEMO",
        tool=("GENERATED", "NOT MEASURED", "1"),
        diameter_mm=round(first.diameter_mm),
        die_pitch_um=first.die_pitch_um,
        centre_um=first.centre_um,
    )
