"""Metadata, info bars and measurements of images, as sessions store them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from defect_workbench.core.images.image_records import ImageRecord
from defect_workbench.core.images.instrument import InstrumentMetadata
from defect_workbench.core.images.measurements import NANOMETRES, NUMBERS, PIXELS, Measurements

_MEASURED, _UNITS = "measured", "measured_units"
_NO_UNIT = 0
_BY_NUMBER = {1: PIXELS, 2: NANOMETRES}


def tools_json(images: Sequence[ImageRecord]) -> dict[str, Any]:
    """Return the distinct metadata, and for each image the index of its metadata (-1: none)."""
    index_of: dict[str, int] = {}
    indices = []
    for image in images:
        if image.tool is None:
            indices.append(-1)
        else:
            text = json.dumps(image.tool.as_json(), sort_keys=True)
            indices.append(index_of.setdefault(text, len(index_of)))
    return {"facts": [json.loads(text) for text in index_of], "of": indices}


def measured_arrays(images: Sequence[ImageRecord]) -> dict[str, NDArray[Any]]:
    """Return the measurements as arrays; empty if nothing was measured."""
    if all(image.measured is None for image in images):
        return {}
    values = np.zeros((len(images), len(NUMBERS)))
    units = np.full(len(images), _NO_UNIT, np.int8)
    by_unit = {unit: number for number, unit in _BY_NUMBER.items()}
    for index, image in enumerate(images):
        if image.measured is not None:
            values[index] = image.measured.numbers()
            units[index] = by_unit[image.measured.unit]
    return {_MEASURED: values, _UNITS: units}


def with_observations(
    images: tuple[ImageRecord, ...], state: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]
) -> tuple[ImageRecord, ...]:
    """Return the images with metadata, info bars and measurements, which format 1 did not have.

    Raises
    ------
    ValueError, KeyError, TypeError, IndexError
        If the session is damaged.
    """
    if int(state["format"]) < 2:
        return images
    metadata = [InstrumentMetadata.from_json(values) for values in state["tools"]["facts"]]
    indices, bars = [int(i) for i in state["tools"]["of"]], [int(rows) for rows in state["info_bars"]]
    if not len(indices) == len(bars) == len(images) or any(not -1 <= i < len(metadata) for i in indices):
        raise ValueError("metadata and images differ in number")
    if any(not 0 <= rows < max(1, image.height) for rows, image in zip(bars, images, strict=True)):
        raise ValueError("an info bar is higher than its image")
    measured: list[Measurements | None] = [None] * len(images)
    if _MEASURED in arrays:
        values, units = arrays[_MEASURED], arrays[_UNITS]
        if values.shape != (len(images), len(NUMBERS)) or units.shape != (len(images),):
            raise ValueError("measurements and images differ in number")
        if not np.isfinite(values).all():
            raise ValueError("a measurement is not finite")
        for index, number in enumerate(units.tolist()):
            if number != _NO_UNIT:
                measured[index] = Measurements.of_numbers(values[index].tolist(), _BY_NUMBER[number])
    return tuple(
        replace(image, tool=metadata[i] if i >= 0 else None, info_bar=rows, measured=measurements)
        for image, i, rows, measurements in zip(images, indices, bars, measured, strict=True)
    )
