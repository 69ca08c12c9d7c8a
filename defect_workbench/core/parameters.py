"""Parameters that the user can set. Command-line options and forms are built from these definitions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import isfinite

from defect_workbench.core.errors import InputError

Value = str | float | None
# Larger numbers overflow once they are squared.
UNBOUNDED = 1e100


@dataclass(frozen=True)
class Choice:
    """A parameter with a fixed set of values.

    Attributes
    ----------
    name : str
        Used in files and, as `--name`, on the command line; never changes.
    label, help : str
        As shown to the user.
    default : str
    choices : tuple of (str, str)
        Each value and its label, in the order shown.
    """

    name: str
    label: str
    help: str
    default: str
    choices: tuple[tuple[str, str], ...]

    def checked(self, value: Value) -> str:
        """Return the value if it is one of the choices.

        Raises
        ------
        InputError
            If it is not.
        """
        names = [name for name, _ in self.choices]
        if value not in names:
            raise InputError(f"{self.label.lower()} must be one of {', '.join(names)}")
        return str(value)

    def words(self, value: Value) -> str:
        """A value as reports show it."""
        return str(value)


@dataclass(frozen=True)
class Number:
    """A parameter that is a number in a range.

    Attributes
    ----------
    name, label, help : str
        As for `Choice`.
    default : float or None
        None only if `unset` is given.
    low, high : float
        The range, both ends included; `high` is excluded if `open_high` is true.
    whole : bool
        Whole numbers only.
    step : float
        Increment in a form.
    unset : str
        The text for None; empty if a number is required.
    offered : (float, float) or None
        The range offered by a form, if the full range is too wide to be useful.
    """

    name: str
    label: str
    help: str
    default: float | None
    low: float = -UNBOUNDED
    high: float = UNBOUNDED
    open_high: bool = False
    whole: bool = False
    step: float = 1.0
    unset: str = ""
    offered: tuple[float, float] | None = None

    def checked(self, value: Value) -> float | None:
        """Return the value if it is in the range.

        Raises
        ------
        InputError
            If it is not; the message names the range.
        """
        if value is None and self.unset:
            return None
        number = float(value) if isinstance(value, int | float) else float("nan")
        inside = self.low <= number < self.high if self.open_high else self.low <= number <= self.high
        if not isfinite(number) or not inside or (self.whole and number != int(number)):
            raise InputError(f"{self.label.lower()} must be {self._range()}")
        return int(number) if self.whole else number

    def words(self, value: Value) -> str:
        """A value as reports show it."""
        return f"{value:g}" if isinstance(value, int | float) else self.unset if value is None else value

    @property
    def bounds(self) -> str:
        """The range in words; empty if any finite number is in it."""
        end = "below" if self.open_high else "at most"
        low = [f"at least {self.low:g}"] if self.low > -UNBOUNDED else []
        high = [f"{end} {self.high:g}"] if self.high < UNBOUNDED else []
        return " and ".join(low + high)

    def _range(self) -> str:
        kind = "a whole number" if self.whole else "a number"
        return f"{kind}, {self.bounds or f'finite and at most {UNBOUNDED:g} in magnitude'}"


Parameter = Choice | Number


def completed(parameters: Sequence[Parameter], given: Mapping[str, Value]) -> dict[str, Value]:
    """Return a checked value for each parameter; the default if none is given.

    Other names are left out, as settings may still hold values of another method.

    Raises
    ------
    InputError
        If a value is out of range.
    """
    return {item.name: item.checked(given.get(item.name, item.default)) for item in parameters}


def number_of(values: Mapping[str, Value], name: str) -> float:
    """Return the value of a `Number` that cannot be unset."""
    value = values[name]
    if not isinstance(value, int | float):
        raise TypeError(f"{name} is not a number: {value!r}")
    return value
