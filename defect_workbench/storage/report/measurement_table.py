"""The measurements of a result folder: a table of all images, and medians per cluster for the report."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from defect_workbench.core.images.image_records import ImageRecord
from defect_workbench.core.images.instrument import METADATA_FIELDS, InstrumentMetadata, MetadataField
from defect_workbench.core.images.lengths import size_words, surface_words
from defect_workbench.core.images.measurements import NANOMETRES, Measurements
from defect_workbench.core.project.project_state import Project
from defect_workbench.storage.files.csv_cells import safe_path, safe_text, table_text
from defect_workbench.storage.report.report_content import ReportTable

COLUMNS = (
    "path",
    "defects",
    "total_area_px2",
    "area_px2",
    "diameter_px",
    "total_area_nm2",
    "area_nm2",
    "diameter_nm",
    "aspect",
    "orientation_deg",
    "contrast_grey",
    "noise_grey",
    *(field.name for field in METADATA_FIELDS),
    "info_bar_rows",
)


def measurements_text(images: Sequence[ImageRecord]) -> str:
    """Return `measurements.csv`: one row per image, in their order.

    Lengths and areas are in pixels and, if the pixel size is known, in nanometres. Without a defect the
    columns that describe one are empty.
    """
    return table_text(COLUMNS, (_row(image) for image in images))


def measured(images: Sequence[ImageRecord]) -> bool:
    """Whether any image was measured."""
    return any(image.measured is not None for image in images)


def _row(image: ImageRecord) -> list[object]:
    found, tool = image.measured, image.tool
    row: list[object] = [safe_path(image.path)]
    size = None if tool is None else tool.pixel_size_nm
    if found is None:
        row += [""] * 11
    else:
        scale = (size or 1.0) if found.unit == NANOMETRES else 1.0
        lengths = (found.total_area / scale**2, found.area / scale**2, found.diameter / scale)
        known = found.unit == NANOMETRES
        row += [found.defects, _number(lengths[0])]
        row += [_number(value) if found.defects else "" for value in lengths[1:]]
        row += [_number(found.total_area) if known else ""]
        row += [_number(v) if known and found.defects else "" for v in (found.area, found.diameter)]
        described = (found.aspect, found.orientation, found.contrast)
        row += [_number(value) if found.defects else "" for value in described]
        row += [_number(found.noise)]
    return [*row, *(_metadata_cell(field, tool) for field in METADATA_FIELDS), image.info_bar]


def _metadata_cell(field: MetadataField, tool: InstrumentMetadata | None) -> str:
    value = None if tool is None else field.value(tool)
    return safe_text(value) if isinstance(value, str) else _number(value)


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.6g}"


def cluster_medians(project: Project) -> list[tuple[str, Measurements | None, int]]:
    """Return for each cluster its label, the medians of its images with defects, and their number.

    The number of defects is the median over all images of the cluster. If some images are in pixels and
    some in nanometres, only those in nanometres are used.
    """
    result = []
    for cluster in project.partition.clusters:
        found = [project.images.images[int(i)].measured for i in cluster.members]
        known = [item for item in found if item is not None]
        if any(item.unit == NANOMETRES for item in known):
            known = [item for item in known if item.unit == NANOMETRES]
        shown = [item for item in known if item.defects]
        middle = None
        if known:
            rows = np.array([item.numbers() for item in (shown or known)])
            middle = np.median(rows, axis=0)
            middle[0] = np.median([item.defects for item in known])
            middle = Measurements.of_numbers(middle.tolist(), known[0].unit)
        result.append((cluster.label, middle, len(shown)))
    return result


def measurement_tables(project: Project) -> list[ReportTable]:
    """Return medians per cluster as a table of the report; empty if nothing was measured."""
    medians = [(label, middle, shown) for label, middle, shown in cluster_medians(project) if middle]
    if not medians:
        return []
    header = ("Cluster", "Images with defects", "Defects", "Area", "Diameter", "Aspect", "Contrast", "Noise")
    rows = tuple(
        (
            label,
            f"{shown:,}",
            f"{middle.defects}",
            surface_words(middle.area, middle.unit) if shown else "",
            size_words(middle.diameter, middle.unit) if shown else "",
            f"{middle.aspect:.2f}" if shown else "",
            f"{middle.contrast:+.1f}" if shown else "",
            f"{middle.noise:.1f}",
        )
        for label, middle, shown in medians
    )
    note = (
        "Medians of the largest defect per image, over the images with defects; contrast and noise are "
        "in grey levels. All images are in measurements.csv."
    )
    return [ReportTable("Measurements", header, rows, note, frozenset(range(1, len(header))))]
