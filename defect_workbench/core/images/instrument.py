"""Metadata that an instrument recorded with an image."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict, dataclass, fields, replace
from typing import Any


@dataclass(frozen=True, slots=True)
class ToolFacts:
    """Metadata from the tags or the sidecar file of an image; None or empty if unknown.

    Attributes
    ----------
    maker : str
        Of the instrument, or the program that wrote the pixel size (ImageJ, OME, TIFF).
    pixel_size_nm : float or None
        Side of a pixel on the sample, in nm.
    magnification : float or None
    voltage_kv : float or None
        Acceleration voltage, in kV.
    detector : str
    working_distance_mm : float or None
    acquired : str
        Time of acquisition, as the instrument wrote it.
    height_unit : str
        Unit of the values of a height map; empty for other images.
    bar_rows : int or None
        Height of the info bar in rows, if the metadata state it.
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
        """Return the known values as JSON."""
        return {name: value for name, value in asdict(self).items() if value not in (None, "")}

    @staticmethod
    def from_json(values: dict[str, Any]) -> ToolFacts:
        """Return the metadata that `as_json` was called on.

        Raises
        ------
        ValueError
            If a value has the wrong type.
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
        """Return these metadata, with unknown values taken from `other`."""
        silent = [field.name for field in fields(self) if getattr(self, field.name) in (None, "")]
        return replace(self, **{name: getattr(other, name) for name in silent})

    def __bool__(self) -> bool:
        return bool(self.as_json())


NO_FACTS = ToolFacts()
_NUMBERS = {"pixel_size_nm", "magnification", "voltage_kv", "working_distance_mm"}
_TEXTS = {"maker", "detector", "acquired", "height_unit"}


@dataclass(frozen=True)
class Scales:
    """The number of images per pixel size.

    Attributes
    ----------
    kind : str
        "pixel size" (nm) or, if no pixel size is known at all, "magnification".
    counts : tuple of (float, int)
        Value, to three significant figures, and number of images, ordered by value.
    unknown : int
        Images without a value.
    """

    kind: str
    counts: tuple[tuple[float, int], ...]
    unknown: int

    @property
    def mixed(self) -> bool:
        """Whether a pixel means different lengths in different images."""
        return len(self.counts) > 1

    def lines(self) -> list[str]:
        """Return a histogram as text, one line per value."""
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
    """Return the histogram of pixel sizes, or of magnifications if no image has a pixel size."""
    known = [fact or ToolFacts() for fact in facts]
    kind = "pixel size" if any(f.pixel_size_nm for f in known) else "magnification"
    name = "pixel_size_nm" if kind == "pixel size" else "magnification"
    values = [getattr(fact, name) for fact in known]
    counts = Counter(float(f"{value:.3g}") for value in values if value)
    return Scales(kind, tuple(sorted(counts.items())), sum(1 for value in values if not value))
