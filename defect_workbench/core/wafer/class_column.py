"""Which columns of an inspection file may hold the class of a defect."""

from __future__ import annotations

import re

STANDARD_COLUMN = "CLASSNUMBER"
_CLASS_COLUMN = re.compile(
    r"CLASS|CLASSNUMBER|.*(?:CLASS|BINNUMBER)|.*(?:OPT|SEM)ADC|MAN_?SEM", re.IGNORECASE
)


def class_columns_of(names: list[str]) -> tuple[str, ...]:
    """Return those of some columns that may hold a class, `STANDARD_COLUMN` first."""
    found = [name for name in names if _CLASS_COLUMN.fullmatch(name)]
    return tuple(sorted(found, key=lambda name: name.upper() != STANDARD_COLUMN))
