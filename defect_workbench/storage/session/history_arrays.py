"""The history of decisions, as sessions store it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from defect_workbench.core.project.decision_history import DecisionRecord, History, moment_of

HISTORY = "history"
_IMAGES = "history_images"


def history_json(history: History) -> list[list[Any]]:
    """Return one row per decision: person, time, kind, text, class and number of images."""
    return [[r.person, r.time, r.kind, r.text, r.label, len(r.images)] for r in history]


def history_arrays(history: History) -> dict[str, NDArray[Any]]:
    """Return the images of all decisions, one after the other; empty without any decision."""
    if not history:
        return {}
    return {_IMAGES: np.concatenate([record.images for record in history]).astype(np.int32)}


def history_of(state: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]], count: int) -> History:
    """Return the history in a session file; sessions of earlier versions have none.

    Raises
    ------
    ValueError, KeyError, TypeError
        If it is damaged.
    """
    rows = state.get(HISTORY) or []
    if not rows:
        return ()
    images = arrays[_IMAGES]
    numbers = [int(row[5]) for row in rows]
    if images.ndim != 1 or images.dtype.kind != "i" or min(numbers) < 0 or sum(numbers) != len(images):
        raise ValueError("decisions and their images differ in number")
    if len(images) and not 0 <= int(images.min()) <= int(images.max()) < count:
        raise ValueError("a decision is about an image that does not exist")
    parts = np.split(images.astype(np.intp), np.cumsum(numbers)[:-1])
    return tuple(_record(row, part) for row, part in zip(rows, parts, strict=True))


def _record(row: list[Any], images: NDArray[np.intp]) -> DecisionRecord:
    if (np.diff(images) <= 0).any():
        raise ValueError("the images of a decision are not in ascending order")
    person, time, kind, text, label = (str(cell) for cell in row[:5])
    moment_of(time)
    return DecisionRecord(kind, text, label, images, person, time)
