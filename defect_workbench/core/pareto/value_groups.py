"""Groups of the values of a column: in natural order, numbers in ranges, times in days or months."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime

import numpy as np

from defect_workbench.core.arrays import Integers

# More groups than this could not be compared in a chart.
MOST_NUMBERS, MOST_TIMES = 24, 40
_RANGES = 10
# Longer numbers are not read as one: they would take too long.
_DIGITS = re.compile(r"(\d{1,18})")
_DATE = re.compile(r"\s*\d{4}[-/]\d\d?[-/]")


def natural_key(text: str) -> tuple[int, float, list[object]]:
    """Return a key that sorts numbers by value and `lot 10` behind `lot 9`."""
    number = _number(text)
    if number is not None:
        return 0, number, []
    parts = _DIGITS.split(text.casefold())
    return 1, 0.0, [int(part) if index % 2 else part for index, part in enumerate(parts)]


def time_of(text: str) -> float | None:
    """Return a date, with or without a time of day, in seconds since 1970; None if it is not one."""
    # Digits alone are rather the number of a lot.
    if not _DATE.match(text):
        return None
    try:
        moment = datetime.fromisoformat(text.strip().replace("/", "-"))
    except ValueError:
        return None
    # As if in UTC: a difference of local times is all that is needed.
    return (moment.replace(tzinfo=None) - datetime(1970, 1, 1)).total_seconds()  # noqa: DTZ001


def group_values(values: Sequence[str]) -> tuple[tuple[str, ...], Integers, bool]:
    """Return groups for the distinct values of a column.

    Returns
    -------
    groups : tuple of str
        Names, in natural order.
    group_of : (values,) intp
        Index of the group of each value.
    by_time : bool
        Whether the values are times.
    """
    times = [time_of(value) for value in values]
    if values and all(time is not None for time in times):
        return *_by_time(values), True
    numbers = [_number(value) for value in values]
    if len(values) > MOST_NUMBERS and all(number is not None for number in numbers):
        return *_ranges(np.array(numbers, np.float64)), False
    return *_named(values), False


def _named(names: Sequence[str]) -> tuple[tuple[str, ...], Integers]:
    groups = sorted(set(names), key=lambda name: (natural_key(name), name))
    index = {name: number for number, name in enumerate(groups)}
    return tuple(groups), np.array([index[name] for name in names], np.intp)


def _by_time(values: Sequence[str]) -> tuple[tuple[str, ...], Integers]:
    if len(values) <= MOST_TIMES:
        return _named(values)
    whole = [value.strip().replace("/", "-") for value in values]
    days = [datetime.fromisoformat(value).date().isoformat() for value in whole]
    return _named(days if len(set(days)) <= MOST_TIMES else [day[:7] for day in days])


def _ranges(numbers: np.ndarray[tuple[int, ...], np.dtype[np.float64]]) -> tuple[tuple[str, ...], Integers]:
    """Return ranges of equal, round width that hold the numbers."""
    low, high = float(numbers.min()), float(numbers.max())
    width = _round_up((high - low) / _RANGES) if high > low else 1.0
    first = np.floor(low / width)
    place = np.floor(numbers / width) - first
    used, group_of = np.unique(place, return_inverse=True)
    groups = tuple(
        f"{(first + each) * width:.6g} to {(first + each + 1) * width:.6g}" for each in used.tolist()
    )
    return groups, group_of.astype(np.intp)


def _round_up(width: float) -> float:
    scale = 10.0 ** np.floor(np.log10(width))
    return float(next(step * scale for step in (1.0, 2.0, 5.0, 10.0) if step * scale >= width * (1 - 1e-9)))


def _number(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if np.isfinite(value) else None
