"""Names of the files in a result folder; `storage.result.reserved_names` adds those of annotation formats."""

from __future__ import annotations

from collections.abc import Iterable

MANIFEST = "manifest.csv"
REJECTED = "rejected.csv"
SESSION = "session.dwb"
REPORT_HTML = "report.html"
REPORT_PDF = "report.pdf"
SIDE_DATA = "side_data.csv"
MEASUREMENTS = "measurements.csv"
RECEIPT = "export-receipt.json"
MAPS = "_maps"
# Lists of single defects; reserved, so that no cluster takes these names.
ITEMS, DETECTIONS, COUNTS = "items.csv", "detections.csv", "counts.csv"
OVERLAYS = "_overlays"
BOXES = "_boxes"
# Of a result that grows while a folder is watched.
WATCH, ALARMS = "watch.json", "alarms.csv"

ALL = (
    MANIFEST,
    REJECTED,
    SESSION,
    REPORT_HTML,
    REPORT_PDF,
    SIDE_DATA,
    MEASUREMENTS,
    RECEIPT,
    MAPS,
    ITEMS,
    DETECTIONS,
    COUNTS,
    OVERLAYS,
    BOXES,
    WATCH,
    ALARMS,
)
# A folder with these files is a result folder: its images are copies of other images.
MARKS = frozenset({MANIFEST, SESSION})
DETECTION_MARKS = frozenset({DETECTIONS, COUNTS})
WATCH_MARKS = frozenset({MANIFEST, WATCH})


def is_result(names: Iterable[str]) -> bool:
    """Whether a folder with these files is a result of this program."""
    found = set(names)
    return any(found >= marks for marks in (MARKS, DETECTION_MARKS, WATCH_MARKS))


def of_run(name: str, runs: int) -> str:
    """Return the name of a file that every export into the folder writes again, such as `report-2.html`."""
    stem, dot, suffix = name.rpartition(".")
    return name if runs == 1 else f"{stem}-{runs}{dot}{suffix}"
