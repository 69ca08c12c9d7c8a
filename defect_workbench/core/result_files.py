"""Names of the files in a result folder; `storage.result.reserved_names` adds those of annotation formats."""

from __future__ import annotations

MANIFEST = "manifest.csv"
REJECTED = "rejected.csv"
SESSION = "session.dwb"
REPORT_HTML = "report.html"
REPORT_PDF = "report.pdf"
SIDE_DATA = "side_data.csv"
MEASUREMENTS = "measurements.csv"
RECEIPT = "export-receipt.json"

ALL = (MANIFEST, REJECTED, SESSION, REPORT_HTML, REPORT_PDF, SIDE_DATA, MEASUREMENTS, RECEIPT)
# A folder that holds these was written by this program: its images are copies of ones that are elsewhere.
MARKS = frozenset({MANIFEST, SESSION})


def of_run(name: str, runs: int) -> str:
    """The name of a file that every addition to a result folder writes anew: `report-2.html`."""
    stem, dot, suffix = name.rpartition(".")
    return name if runs == 1 else f"{stem}-{runs}{dot}{suffix}"
