"""Times as KLARF files write them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime

from defect_workbench.storage.klarf.klarf_tokens import readable

_DATE = re.compile(r"(\d{1,4})[-/.](\d{1,2})[-/.](\d{1,4})")
_TIME = re.compile(r"(\d{1,2}):(\d{2})(?::(\d{2}))?(?:[.,]\d+)?\s*([AaPp][Mm])?")


def time_of(tokens: Sequence[bytes]) -> str:
    """Return a date and time as `YYYY-MM-DD hh:mm:ss`; empty if the tokens are not a time.

    The year is first (ISO) or last. Then the month precedes the day, as in the United States, unless it would
    be above 12. Years of two digits are between 1970 and 2069.
    """
    text = " ".join(readable(token) for token in tokens)
    date = _DATE.search(text)
    if date is None:
        return ""
    first, second, third = date.groups()
    if len(first) > 2:
        year, month, day = int(first), int(second), int(third)
    else:
        year, month, day = int(third), int(first), int(second)
        if month > 12:
            month, day = day, month
    if year < 100:
        year += 2000 if year < 70 else 1900
    clock = _TIME.search(text, date.end())
    hour, minute, second_ = (int(value or 0) for value in clock.groups()[:3]) if clock else (0, 0, 0)
    if clock and clock[4] and hour <= 12:
        hour = hour % 12 + (12 if clock[4].lower() == "pm" else 0)
    try:
        return datetime(year, month, day, hour, minute, second_).strftime("%Y-%m-%d %H:%M:%S")  # noqa: DTZ001
    except ValueError:
        return ""
