"""What inspection files say about the images of a project, as sessions store it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from defect_workbench.core.errors import InputError
from defect_workbench.core.images.image_locations import page_path
from defect_workbench.core.images.image_records import ImageRecord, ImageSet
from defect_workbench.core.safe_reading import is_inside
from defect_workbench.core.table_columns import Column, ColumnKind
from defect_workbench.core.wafer.inspection import NO_SOURCE, Inspection, InspectionFile
from defect_workbench.core.wafer.picture_choice import PictureChoice
from defect_workbench.core.wafer.wafer_places import COORDINATES, NO_WAFER, Wafer, WaferPlaces

INSPECTION = "inspection"
PAGES = "pages"
_RECORDS, _PLACES = "inspection_records", "inspection_places"
_NUMBERS = "inspection_column_"


def inspection_arrays(inspection: Inspection | None) -> dict[str, NDArray[Any]]:
    """Return file, row, defect and wafer of each image, places, and columns of numbers as arrays."""
    if inspection is None:
        return {}
    places = inspection.places
    records = (inspection.file_of, inspection.row, inspection.defect_id, places.wafer_of)
    arrays: dict[str, NDArray[Any]] = {
        _RECORDS: np.stack(records, axis=1).astype(np.int64),
        _PLACES: np.stack([getattr(places, name) for name in COORDINATES], axis=1),
    }
    for number, column in enumerate(inspection.columns):
        if column.kind is ColumnKind.NUMBER:
            cells = [np.nan if cell is None else float(cell) for cell in column.cells]
            arrays[f"{_NUMBERS}{number}"] = np.array(cells, np.float64)
    return arrays


def inspection_fields(inspection: Inspection | None) -> dict[str, Any]:
    """Return files, wafers and columns of texts as JSON; nothing without inspection files."""
    if inspection is None:
        return {}
    columns = [
        {"name": column.name, "cells": None if column.kind is ColumnKind.NUMBER else list(column.cells)}
        for column in inspection.columns
    ]
    return {
        INSPECTION: {
            "files": [asdict(file) for file in inspection.files],
            "wafers": [asdict(wafer) for wafer in inspection.places.wafers],
            "columns": columns,
            "choice": asdict(inspection.choice),
        }
    }


def inspection_of(
    state: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]], count: int
) -> Inspection | None:
    """Return what inspection files say about the images; None in sessions without such files.

    Raises
    ------
    InputError
        If a file is outside the folder of the session.
    ValueError, KeyError, TypeError
        If the session is damaged.
    """
    fields = state.get(INSPECTION)
    if fields is None:
        return None
    files = tuple(
        InspectionFile(str(file["path"]), str(file["sha256"]), str(file["version"]))
        for file in fields["files"]
    )
    for file in files:
        if not is_inside(file.path):
            raise InputError(f"it names a file outside its folder: {file.path[:80]!r}")
    wafers = tuple(_wafer(wafer) for wafer in fields["wafers"])
    records, where = arrays[_RECORDS], arrays[_PLACES]
    if records.shape != (count, 4) or records.dtype.kind != "i" or where.shape != (count, len(COORDINATES)):
        raise ValueError("inspection records and images differ in number")
    if where.dtype.kind != "f":
        raise ValueError("a place is not a number")
    file_of, row, defect_id, wafer_of = np.ascontiguousarray(records.T, np.intp)
    _check_range(file_of, NO_SOURCE, len(files))
    _check_range(wafer_of, NO_WAFER, len(wafers))
    places = WaferPlaces(wafers, wafer_of, *np.ascontiguousarray(where.T, np.float64))
    columns = tuple(_column(number, each, arrays, count) for number, each in enumerate(fields["columns"]))
    choice = PictureChoice(str(fields["choice"]["described"]), str(fields["choice"]["reference"]))
    return Inspection(files, file_of, row, defect_id, places, columns, choice)


def pages_json(images: ImageSet) -> dict[str, list[int]]:
    """Return the page of each image, or of those in which defects were searched; empty without pages."""
    wholes = images.wholes
    return {PAGES: [page for _, page in wholes]} if any(page for _, page in wholes) else {}


def with_pages(images: tuple[ImageRecord, ...], state: Mapping[str, Any]) -> tuple[ImageRecord, ...]:
    """Return whole images with the pages on which they are.

    Raises
    ------
    ValueError
        If the session is damaged.
    """
    pages = _pages(state, len(images))
    for image, page in zip(images, pages, strict=False):
        _check_page(image.path, page)
    return tuple(
        replace(image, page=page) if page else image for image, page in zip(images, pages, strict=True)
    )


def pages_of(state: Mapping[str, Any], paths: list[str]) -> list[int]:
    """Return the pages of images in which defects were searched.

    Raises
    ------
    ValueError
        If the session is damaged.
    """
    pages = _pages(state, len(paths))
    for path, page in zip(paths, pages, strict=True):
        _check_page(path, page)
    return pages


def _pages(state: Mapping[str, Any], count: int) -> list[int]:
    pages = [int(page) for page in state.get(PAGES) or [0] * count]
    if len(pages) != count:
        raise ValueError("pages and images differ in number")
    return pages


def _check_page(path: str, page: int) -> None:
    if page < 0 or (page and not path.endswith(page_path("", page))):
        raise ValueError("an image has the path of another page")


def _check_range(numbers: NDArray[np.intp], nothing: int, count: int) -> None:
    if len(numbers) and not nothing <= int(numbers.min()) <= int(numbers.max()) < count:
        raise ValueError("an image has the record of a file or a wafer that does not exist")


def _wafer(values: Mapping[str, Any]) -> Wafer:
    pitch = values["die_pitch_um"]
    return Wafer(
        name=str(values["name"]),
        lot=str(values["lot"]),
        slot=str(values["slot"]),
        step=str(values["step"]),
        recipe=str(values["recipe"]),
        tool=str(values["tool"]),
        device=str(values["device"]),
        time=str(values["time"]),
        diameter_mm=_number(values["diameter_mm"]),
        die_pitch_um=None if pitch is None else (float(pitch[0]), float(pitch[1])),
        centre_um=(float(values["centre_um"][0]), float(values["centre_um"][1])),
        notch=str(values["notch"]),
        flat=bool(values["flat"]),
        dies=tuple((int(x), int(y)) for x, y in values["dies"]),
        area_um2=_number(values["area_um2"]),
    )


def _number(value: Any) -> float | None:
    return None if value is None else float(value)


def _column(number: int, field: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]], count: int) -> Column:
    texts = field["cells"]
    if texts is None:
        values = arrays[f"{_NUMBERS}{number}"]
        if values.shape != (count,) or values.dtype.kind != "f":
            raise ValueError("a column and the images differ in number")
        cells = tuple(value if np.isfinite(value) else None for value in values.tolist())
        return Column(str(field["name"]), ColumnKind.NUMBER, cells)
    if len(texts) != count:
        raise ValueError("a column and the images differ in number")
    words = tuple(None if cell is None else str(cell) for cell in texts)
    return Column(str(field["name"]), ColumnKind.TEXT, words)
