"""The gallery's filter: words, and conditions on columns.

A word matches paths and cluster names, `column:text` the texts of a column; `column=value`, `column>number`
and the like compare. All terms must hold.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from defect_workbench.app.columns import Column
from defect_workbench.core.arrays import Flags, Floats

# Words in quotes, or a term, parts of which may be in quotes: tag:"lot 7".
_TERM = re.compile(r'"([^"]*)"?|((?:[^\s"]|"[^"]*"?)+)')
_CONDITION = re.compile(r"([^:<>=]+)(:|<=|>=|<|>|=)(.*)")
# A word that looks like a condition; a colon may be part of a name.
_COMPARISON = re.compile(r"([^:<>=]+)[<>=]=?.+")
_COMPARE: dict[str, Callable[[Floats, float], Flags]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "=": operator.eq,
}


@dataclass(frozen=True)
class Condition:
    """A comparison of a column with a value."""

    column: Column
    sign: str
    value: str

    def mask(self) -> Flags:
        """Return (n,) where the condition holds; never where a number is missing or cannot be parsed."""
        value = self.value.casefold()
        if self.column.numeric:
            numbers = np.asarray(self.column.values, np.float64)
            number = _number(self.value)
            if number is None:
                return np.zeros(len(numbers), bool)
            return np.asarray(_COMPARE[self.sign.replace(":", "=")](numbers, number))
        texts = [str(text).casefold() for text in self.column.values]
        if self.sign == ":":
            return np.array([value in text for text in texts], bool)
        if self.sign == "=" and self.column.between:
            return np.array([value in text.split(self.column.between) for text in texts], bool)
        if self.sign == "=":
            return np.array([value == text for text in texts], bool)
        return np.zeros(len(texts), bool)

    @property
    def mistake(self) -> str:
        """Why the condition can hold nowhere; empty if it can hold."""
        if not self.column.numeric:
            return "" if self.sign in (":", "=") else f"{self.column.name} holds text, not numbers"
        return "" if _number(self.value) is not None else f"{self.value} is not a number"


@dataclass(frozen=True)
class Filter:
    """A parsed filter.

    Attributes
    ----------
    words : tuple of str
        In lower case.
    """

    words: tuple[str, ...]
    conditions: tuple[Condition, ...]

    def __bool__(self) -> bool:
        return bool(self.words or self.conditions)

    def allowed(self, count: int) -> Flags:
        """Return (n,) the images for which every condition holds."""
        result = np.ones(count, bool)
        for condition in self.conditions:
            result &= condition.mask()
        return result

    @property
    def mistakes(self) -> tuple[str, ...]:
        """Why the filter cannot match what was probably meant."""
        wrong = [condition.mistake for condition in self.conditions if condition.mistake]
        unknown = [match[1] for word in self.words if (match := _COMPARISON.fullmatch(word)) is not None]
        return (*wrong, *(f"there is no column {name}" for name in unknown))


def _number(text: str) -> float | None:
    try:
        return float(text.replace(",", "."))
    except ValueError:
        return None


def parse_filter(text: str, columns: Mapping[str, Column]) -> Filter:
    """Return the parsed filter; a term that names no column is a word."""
    words, conditions = [], []
    for phrase, term in _TERM.findall(text):
        match = _CONDITION.fullmatch(term)
        column = columns.get(match[1].casefold()) if match is not None else None
        if match is not None and column is not None:
            # Half-typed conditions hold everywhere.
            if match[3]:
                conditions.append(Condition(column, match[2], match[3].strip('"')))
        elif phrase or term:
            words.append((phrase or term).casefold())
    return Filter(tuple(words), tuple(conditions))
