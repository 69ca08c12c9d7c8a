"""Metadata that an instrument recorded with an image."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict, dataclass, fields, replace
from itertools import groupby
from typing import Any


@dataclass(frozen=True, slots=True)
class InstrumentMetadata:
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
    stage_x_um, stage_y_um : float or None
        Position of the stage in µm, in the directions and from the origin of the instrument.
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
    stage_x_um: float | None = None
    stage_y_um: float | None = None

    def as_json(self) -> dict[str, Any]:
        """Return the known values as JSON."""
        return {name: value for name, value in asdict(self).items() if value not in (None, "")}

    @staticmethod
    def from_json(values: dict[str, Any]) -> InstrumentMetadata:
        """Return metadata from the result of `as_json`.

        Raises
        ------
        ValueError
            If a value has the wrong type.
        """
        known: dict[str, Any] = {}
        for field in METADATA_FIELDS:
            if field.name in values:
                known[field.name] = (float if field.numeric else str)(values[field.name])
        if values.get("bar_rows") is not None:
            known["bar_rows"] = int(values["bar_rows"])
        return InstrumentMetadata(**known)

    def filled_from(self, other: InstrumentMetadata) -> InstrumentMetadata:
        """Return these metadata, with unknown values filled in from `other`."""
        unknown = [field.name for field in fields(self) if getattr(self, field.name) in (None, "")]
        return replace(self, **{name: getattr(other, name) for name in unknown})

    def __bool__(self) -> bool:
        return self != NO_METADATA


NO_METADATA = InstrumentMetadata()


@dataclass(frozen=True)
class MetadataField:
    """One value of the metadata, as tables, filters and the inspector show it.

    Attributes
    ----------
    name : str
        Of the attribute of `InstrumentMetadata`, and of the column.
    numeric : bool
        Whether it is a number; text otherwise.
    template : str
        The value with its unit.
    place : (int, int)
        Line, and position in the line, where an image's metadata are shown as text.
    """

    name: str
    numeric: bool
    template: str
    place: tuple[int, int]

    def value(self, metadata: InstrumentMetadata) -> float | str | None:
        """Return the value; None or empty if unknown."""
        value: float | str | None = getattr(metadata, self.name)
        return value

    def text(self, metadata: InstrumentMetadata) -> str:
        """Return the value with its unit, to four significant figures; empty if unknown."""
        value = self.value(metadata)
        if value is None or value == "":
            return ""
        return self.template.format(value if isinstance(value, str) else float(f"{value:.4g}"))


# In the order of the columns of measurements.csv.
METADATA_FIELDS = (
    MetadataField("pixel_size_nm", True, "{:g} nm/px", (1, 0)),
    MetadataField("magnification", True, "{:,g} ×", (1, 1)),
    MetadataField("voltage_kv", True, "{:g} kV", (1, 2)),
    MetadataField("working_distance_mm", True, "WD {:g} mm", (1, 3)),
    MetadataField("detector", False, "{}", (0, 1)),
    MetadataField("maker", False, "{}", (0, 0)),
    MetadataField("acquired", False, "{}", (2, 0)),
    MetadataField("height_unit", False, "heights in {}", (4, 0)),
    MetadataField("stage_x_um", True, "stage x {:,g} µm", (3, 0)),
    MetadataField("stage_y_um", True, "stage y {:,g} µm", (3, 1)),
)


def metadata_text(metadata: InstrumentMetadata | None) -> str:
    """Return the known metadata as text, in lines of related values."""
    if metadata is None:
        return ""
    fields_in_order = sorted(METADATA_FIELDS, key=lambda field: field.place)
    lines = (
        " · ".join(filter(None, (field.text(metadata) for field in line)))
        for _, line in groupby(fields_in_order, key=lambda field: field.place[0])
    )
    return "\n".join(filter(None, lines))


@dataclass(frozen=True)
class Scales:
    """The number of images per pixel size.

    Attributes
    ----------
    kind : str
        "pixel size" (nm) or, if no image has a pixel size, "magnification".
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
        """Whether the images differ in scale."""
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


def scales(metadata: Iterable[InstrumentMetadata | None]) -> Scales:
    """Return the histogram of pixel sizes, or of magnifications if no image has a pixel size."""
    records = [record or InstrumentMetadata() for record in metadata]
    kind = "pixel size" if any(record.pixel_size_nm for record in records) else "magnification"
    name = "pixel_size_nm" if kind == "pixel size" else "magnification"
    values = [getattr(record, name) for record in records]
    counts = Counter(float(f"{value:.3g}") for value in values if value)
    return Scales(kind, tuple(sorted(counts.items())), sum(1 for value in values if not value))
