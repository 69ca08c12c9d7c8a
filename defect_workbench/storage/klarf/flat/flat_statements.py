"""Statements of flat KLARF files: a keyword, what follows, and a semicolon."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from defect_workbench.storage.klarf.klarf_tokens import BOM

KEYWORDS = (
    "FileVersion",
    "FileTimestamp",
    "InspectionStationID",
    "TiffSpec",
    "TiffFileName",
    "SampleType",
    "ResultTimestamp",
    "LotID",
    "SampleSize",
    "DeviceID",
    "SetupID",
    "StepID",
    "ResultsID",
    "SampleOrientationMarkType",
    "OrientationMarkLocation",
    "DiePitch",
    "DieOrigin",
    "WaferID",
    "WaferScribe",
    "Slot",
    "SampleCenterLocation",
    "OrientationInstructions",
    "CoordinatesMirrored",
    "InspectionTest",
    "SampleTestPlan",
    "SampleDieMap",
    "AreaPerTest",
    "DefectRecordSpec",
    "DefectList",
    "ClassLookup",
    "SummarySpec",
    "SummaryList",
    "RemovedDieList",
    "LotStatus",
    "WaferStatus",
    "OperatorID",
    "ClassificationSource",
    "Product",
    "ProcessEquipmentIDList",
    "CustomWaferList",
    "EndOfFile",
)

_KEYWORD_LINE = re.compile(rb"^[ \t]*(?:%s)\b" % "|".join(KEYWORDS).encode(), re.IGNORECASE | re.MULTILINE)
_GAP = re.compile(rb"[\s;\x00\x1a]*")
_KEYWORD = re.compile(rb"[^\s;]+")


@dataclass(frozen=True, slots=True)
class Statement:
    """A statement of a flat file.

    Attributes
    ----------
    keyword : str
        In capitals.
    line : int
    start : int
        Its first byte.
    body : int
        The first byte behind the keyword.
    end : int
        The end of its content: the semicolon, if `is_ended`.
    is_ended : bool
    """

    keyword: str
    line: int
    start: int
    body: int
    end: int
    is_ended: bool

    @property
    def stop(self) -> int:
        """The first byte behind the statement."""
        return self.end + 1 if self.is_ended else self.end


def statements(data: bytes) -> Iterator[Statement]:
    """Yield the statements of a file up to EndOfFile.

    A known keyword at the beginning of a line starts a statement even if the previous one is not ended.
    """
    at = len(BOM) if data.startswith(BOM) else 0
    line = 1
    while True:
        gap = _GAP.match(data, at)
        start = gap.end() if gap else at
        line += data.count(b"\n", at, start)
        keyword = _KEYWORD.match(data, start)
        if keyword is None:
            return
        body = keyword.end()
        end = _end(data, body)
        is_ended = end < len(data)
        early = _KEYWORD_LINE.search(data, body, end)
        if early:
            end, is_ended = early.start(), False
        name = keyword[0].decode("latin-1").upper()
        statement = Statement(name, line, start, body, end, is_ended)
        yield statement
        if name == "ENDOFFILE":
            return
        at = statement.stop
        line += data.count(b"\n", start, at)


def _end(data: bytes, at: int) -> int:
    """Return the next semicolon outside quotes, or the end. Quotes do not extend over lines."""
    end = _find(data, b";", at)
    quote = data.find(b'"', at, end)
    while quote >= 0:
        line_end = _find(data, b"\n", quote)
        closing = data.find(b'"', quote + 1, line_end)
        after = closing + 1 if closing >= 0 else quote + 1
        if end < after:
            end = _find(data, b";", after)
        quote = data.find(b'"', after, end)
    return end


def _find(data: bytes, what: bytes, at: int) -> int:
    found = data.find(what, at)
    return len(data) if found < 0 else found
