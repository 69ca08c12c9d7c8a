"""Columns of a table with one cell per image, of numbers or of categories."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from defect_workbench.core.text import is_number

Cell = str | float | None

_MISSING = frozenset({"", "-", "–", "na", "n/a", "#n/a", "nan", "null", "none"})
_CODE = re.compile(r"[+-]?0\d")


class ColumnKind(StrEnum):
    """Whether a column holds numbers or categories."""

    NUMBER = "number"
    TEXT = "text"


@dataclass(frozen=True)
class Column:
    """One column of side data.

    Attributes
    ----------
    cells : tuple
        Finite numbers or texts, according to `kind`; None for an empty cell.
    """

    name: str
    kind: ColumnKind
    cells: tuple[Cell, ...]

    def as_text(self) -> Column:
        """Return the column as categories; whole numbers are written without a decimal point."""
        cells = tuple(None if cell is None else cell_text(cell) for cell in self.cells)
        return Column(self.name, ColumnKind.TEXT, cells)

    def take(self, indices: Sequence[int]) -> Column:
        """Return the column for some images, in the given order."""
        return replace(self, cells=tuple(self.cells[i] for i in indices))


def cell_text(cell: Cell) -> str:
    """Return a cell as text: a number with up to 15 digits, an empty cell as an empty text."""
    if cell is None:
        return ""
    return cell if isinstance(cell, str) else f"{cell:.15g}"


def typed_column(name: str, cells: Sequence[str], decimal_comma: bool) -> Column:
    """Return a column of numbers if every cell that is not empty is a number, else a column of texts.

    Numbers with a leading zero are codes of lots or recipes, and stay texts.
    """
    numbers: list[Cell] = []
    for cell in cells:
        text = cell.strip()
        if text.casefold() in _MISSING:
            numbers.append(None)
            continue
        value = _number(text, decimal_comma)
        if value is None:
            return Column(name, ColumnKind.TEXT, tuple(c.strip() or None for c in cells))
        numbers.append(value)
    if all(number is None for number in numbers):
        return Column(name, ColumnKind.TEXT, tuple(c.strip() or None for c in cells))
    return Column(name, ColumnKind.NUMBER, tuple(numbers))


def _number(text: str, decimal_comma: bool) -> float | None:
    if not is_number(text) or _CODE.match(text) or ("," in text and not decimal_comma):
        return None
    value = float(text.replace(",", "."))
    return value if math.isfinite(value) else None
