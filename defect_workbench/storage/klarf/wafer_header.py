"""What the header of a KLARF file says about its wafers."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from defect_workbench.core.wafer.wafer_places import Wafer
from defect_workbench.storage.klarf.klarf_times import time_of
from defect_workbench.storage.klarf.klarf_tokens import integer_of, number_of, readable

_SIDES = frozenset({"down", "up", "left", "right"})
_DEGREES = {0.0: "down", 180.0: "up"}
"""Nothing public says in which sense angles are counted, so only these are certain."""

_INSPECTION = ("WAFERID", "LOTID", "STEPID", "SETUPID", "RESULTTIMESTAMP")
_NO_NAME = frozenset({"", "NONE", "NA", "N/A"})

Header = Mapping[str, Sequence[bytes]]


@dataclass
class InspectedTest:
    """A test: the dies that it inspected, and its area in the unit of the file."""

    dies: list[tuple[int, int]] = field(default_factory=list)
    area: float | None = None


def die_list(values: Sequence[bytes], has_count: bool) -> list[tuple[int, int]]:
    """Return pairs of columns and rows of dies; those that are not whole numbers are left out."""
    pairs = values[1:] if has_count and len(values) % 2 else values
    numbers = [integer_of(value) for value in pairs]
    found = zip(numbers[::2], numbers[1::2], strict=False)
    return [(x, y) for x, y in found if x is not None and y is not None]


def wafer_of(header: Header, tests: Sequence[InspectedTest], name: str, per_micrometre: float) -> Wafer:
    """Return a wafer.

    Parameters
    ----------
    header : mapping of str to sequence of bytes
        The values of each field, by its name in capitals.
    tests : sequence of InspectedTest
    name : str
    per_micrometre : float
        The unit of lengths: 1 for micrometres, 1000 for nanometres.
    """
    pitch = _pair(header, "DIEPITCH", per_micrometre)
    centre = _pair(header, "SAMPLECENTERLOCATION", per_micrometre)
    return Wafer(
        name=name,
        lot=_text(header, "LOTID"),
        slot=_text(header, "SLOT", "SLOTNUMBER"),
        step=_text(header, "STEPID"),
        recipe=_text(header, "SETUPID", "RECIPEID"),
        tool=" ".join(
            part
            for part in map(readable, header.get("INSPECTIONSTATIONID", ()))
            if part.upper() not in _NO_NAME
        ),
        device=_text(header, "DEVICEID"),
        time=time_of(header.get("RESULTTIMESTAMP", ())) or time_of(header.get("FILETIMESTAMP", ())),
        diameter_mm=_diameter(header, per_micrometre),
        die_pitch_um=pitch if pitch and pitch[0] > 0 and pitch[1] > 0 else None,
        centre_um=centre or (0.0, 0.0),
        notch=_notch(header),
        flat=_text(header, "SAMPLEORIENTATIONMARKTYPE").upper() == "FLAT",
        dies=tuple(dict.fromkeys(die for test in tests for die in test.dies)),
        area_um2=_area(tests, per_micrometre),
    )


class WaferHeaders:
    """Collects the statements of a flat file: each wafer has what was stated up to its first defect list."""

    def __init__(self, per_micrometre: float) -> None:
        self._per_micrometre = per_micrometre
        self._current: dict[str, Sequence[bytes]] = {}
        self._tests: list[InspectedTest] = []
        self._wafers: list[tuple[dict[str, Sequence[bytes]], list[InspectedTest]]] = []
        self._is_new = True

    def add(self, keyword: str, values: Sequence[bytes]) -> None:
        """Take in a statement."""
        if keyword == "WAFERID" and not self._is_new and not self._is_repeated(values):
            self._is_new = True
            self._tests = []
        if keyword == "INSPECTIONTEST":
            self._tests.append(InspectedTest())
        elif keyword == "SAMPLETESTPLAN":
            self._test().dies.extend(die_list(values, has_count=True))
        elif keyword == "AREAPERTEST":
            area = number_of(values[0]) if values else math.nan
            self._test().area = area if area > 0 else None
        else:
            self._current[keyword] = values

    def for_list(self) -> int:
        """Return the index of the wafer of a defect list that begins here."""
        if self._is_new:
            self._wafers.append((dict(self._current), self._tests))
            self._is_new = False
        return len(self._wafers) - 1

    def wafers(self) -> list[Wafer]:
        """Return all wafers."""
        if not self._wafers and self._current:
            self.for_list()
        return [
            wafer_of(header, tests, _text(header, "WAFERID"), self._per_micrometre)
            for header, tests in self._wafers
        ]

    def _is_repeated(self, wafer: Sequence[bytes]) -> bool:
        """Whether a wafer is stated again, as before each of its tests, and not inspected again."""
        known = self._wafers[-1][0]
        stated = {**self._current, "WAFERID": wafer}
        return all(stated.get(name) == known.get(name) for name in _INSPECTION)

    def _test(self) -> InspectedTest:
        if not self._tests:
            self._tests.append(InspectedTest())
        return self._tests[-1]


def _text(header: Header, *names: str) -> str:
    for name in names:
        values = header.get(name)
        if values:
            return readable(values[0])
    return ""


def _pair(header: Header, name: str, per_micrometre: float) -> tuple[float, float] | None:
    values = [number_of(value) for value in header.get(name, ())[:2]]
    if len(values) < 2 or not all(map(math.isfinite, values)):
        return None
    return values[0] / per_micrometre, values[1] / per_micrometre


def _diameter(header: Header, per_micrometre: float) -> float | None:
    """Return the diameter: `1 300` (mm) in flat files, `300000000, 0` (nm) in the others."""
    values = [number_of(value) for value in header.get("SAMPLESIZE", ())]
    if per_micrometre == 1.0:
        round_ = len(values) > 1 and values[0] == 1
        size = values[1] if round_ else math.nan
    else:
        size = values[0] / per_micrometre / 1000 if values and not any(values[1:]) else math.nan
    return size if 0 < size < 10_000 else None


def _notch(header: Header) -> str:
    for name in ("ORIENTATIONMARKLOCATION", "INSPECTIONORIENTATION"):
        text = _text(header, name).lower()
        if text in _SIDES:
            return text
        if text and (side := _DEGREES.get(number_of(text.encode()))):
            return side
    return ""


def _area(tests: Sequence[InspectedTest], per_micrometre: float) -> float | None:
    """Return the inspected area: tests of different dies add up; others may overlap: the largest counts."""
    areas = [test.area for test in tests if test.area is not None]
    if not areas:
        return None
    dies = [set(test.dies) for test in tests if test.area is not None]
    apart = all(dies) and len(set().union(*dies)) == sum(map(len, dies))
    area = (sum(areas) if apart else max(areas)) / per_micrometre**2
    return area if math.isfinite(area) else None
