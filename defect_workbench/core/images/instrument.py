"""What a microscope wrote about how it took a picture."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict, dataclass, fields, replace
from typing import Any


@dataclass(frozen=True, slots=True)
class ToolFacts:
    """Facts from a picture's tags or side file; None or empty where nothing is said.

    Attributes
    ----------
    maker : str
        Of the microscope, or the program whose scale was taken (ImageJ, OME, TIFF).
    pixel_size_nm : float or None
        Side of a pixel on the sample, nanometres.
    magnification : float or None
    voltage_kv : float or None
        Of the electron beam, kilovolts.
    detector : str
    working_distance_mm : float or None
    acquired : str
        When the picture was taken, as the tool wrote it.
    height_unit : str
        Of a height map's values; empty for pictures.
    bar_rows : int or None
        Rows of the info bar at the bottom, where the tags say so.
    """

    maker: str = ""
    pixel_size_nm: float | None = None
    magnification: float | None = None
    voltage_kv: float | None = None
    detector: str = ""
    working_distance_mm: float | None = None
    acquired: str = ""
    height_unit: str = ""
    bar_rows: int | None = None

    def as_json(self) -> dict[str, Any]:
        """What is known, as JSON values."""
        return {name: value for name, value in asdict(self).items() if value not in (None, "")}

    @staticmethod
    def from_json(values: dict[str, Any]) -> ToolFacts:
        """From what `as_json` gave.

        Raises
        ------
        ValueError
            If a value is of another kind.
        """
        found: dict[str, Any] = {}
        for name in _NUMBERS & values.keys():
            found[name] = float(values[name])
        for name in _TEXTS & values.keys():
            found[name] = str(values[name])
        if values.get("bar_rows") is not None:
            found["bar_rows"] = int(values["bar_rows"])
        return ToolFacts(**found)

    def filled_from(self, other: ToolFacts) -> ToolFacts:
        """These facts; where they say nothing, those of `other`."""
        silent = [field.name for field in fields(self) if getattr(self, field.name) in (None, "")]
        return replace(self, **{name: getattr(other, name) for name in silent})

    def __bool__(self) -> bool:
        return bool(self.as_json())


NO_FACTS = ToolFacts()
_NUMBERS = {"pixel_size_nm", "magnification", "voltage_kv", "working_distance_mm"}
_TEXTS = {"maker", "detector", "acquired", "height_unit"}


@dataclass(frozen=True)
class Scales:
    """How many pictures have which scale.

    Attributes
    ----------
    kind : str
        "pixel size" (nm) or, where no pixel size is known at all, "magnification".
    counts : tuple of (float, int)
        Value, to three figures, and number of pictures; by value.
    unknown : int
        Pictures that say nothing.
    """

    kind: str
    counts: tuple[tuple[float, int], ...]
    unknown: int

    @property
    def mixed(self) -> bool:
        """Whether distances in pixels mean different lengths in different pictures."""
        return len(self.counts) > 1

    def lines(self) -> list[str]:
        """A histogram as text, a line for each scale."""
        most = max((count for _, count in self.counts), default=0)
        most = max(most, self.unknown)
        rows = [(self._name(value), count) for value, count in self.counts]
        if self.unknown:
            rows.append(("unknown", self.unknown))
        width = max((len(name) for name, _ in rows), default=0)
        return [
            f"{name:>{width}} {count:>7,} {'#' * max(1, round(30 * count / most))}" for name, count in rows
        ]

    def _name(self, value: float) -> str:
        return f"{value:g} nm/pixel" if self.kind == "pixel size" else f"{value:g} x"


def scales(facts: Iterable[ToolFacts | None]) -> Scales:
    """The histogram of pixel sizes (or magnifications, where no picture has a pixel size)."""
    known = [fact or ToolFacts() for fact in facts]
    kind = "pixel size" if any(f.pixel_size_nm for f in known) else "magnification"
    name = "pixel_size_nm" if kind == "pixel size" else "magnification"
    values = [getattr(fact, name) for fact in known]
    counts = Counter(float(f"{value:.3g}") for value in values if value)
    return Scales(kind, tuple(sorted(counts.items())), sum(1 for value in values if not value))
