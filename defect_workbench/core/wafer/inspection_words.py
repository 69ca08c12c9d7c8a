"""What an inspection file says about an image, in words."""

from __future__ import annotations

import numpy as np

from defect_workbench.core.table_columns import cell_text
from defect_workbench.core.wafer.inspection import NO_SOURCE, Inspection
from defect_workbench.core.wafer.wafer_places import NO_WAFER

# Columns of records that are shown elsewhere, or mean nothing without the file.
_LEFT_OUT = frozenset({"XREL", "YREL", "XINDEX", "YINDEX", "IMAGECOUNT", "IMAGELIST"})
_MOST_COLUMNS = 8
# All other columns stay as the file has them, in units that are not known.
_UNITS = {"XSIZE": " µm", "YSIZE": " µm", "DSIZE": " µm", "DEFECTAREA": " µm²"}


def inspection_words(inspection: Inspection, image: int) -> str:
    """Return defect, wafer, place and the first columns that are not zero; empty without a record."""
    if int(inspection.file_of[image]) == NO_SOURCE:
        return ""
    lines = [f"defect {int(inspection.defect_id[image])}"]
    places = inspection.places
    number = int(places.wafer_of[image])
    if number != NO_WAFER:
        wafer = places.wafers[number]
        named = [f"lot {wafer.lot}" if wafer.lot else "", f"wafer {wafer.name}" if wafer.name else ""]
        lines.append(", ".join(filter(None, (*named, wafer.step))))
    where = []
    if np.isfinite(places.die_x[image]) and np.isfinite(places.die_y[image]):
        where.append(f"die ({int(places.die_x[image])}, {int(places.die_y[image])})")
    radius = float(np.hypot(places.x_um[image], places.y_um[image]))
    if np.isfinite(radius):
        where.append(f"{radius / 1000:.1f} mm from the centre")
    lines.append(", ".join(where))
    cells = [
        f"{column.name} {text}{_UNITS.get(column.name.upper(), '')}"
        for column in inspection.columns
        if column.name.upper() not in _LEFT_OUT and (text := cell_text(column.cells[image])) not in ("", "0")
    ]
    lines.append(", ".join(cells[:_MOST_COLUMNS]))
    return "\n".join(filter(None, lines))
