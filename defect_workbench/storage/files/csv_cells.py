"""Tables written as CSV, safe to open in a spreadsheet.

Spreadsheets run a text that begins like a formula. Such a text gets a leading apostrophe, a path a leading
'./', which names the same file. Numbers are unchanged.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Sequence

from defect_workbench.core.text import is_number

# Spreadsheets set to Chinese, Japanese or Korean take the wide forms for formulas, too.
_FORMULA = re.compile("'*[=+\\-@\t\r\n＝＋－＠]")


def safe_text(text: str) -> str:
    """A text that no spreadsheet takes for a formula; numbers unchanged."""
    return f"'{text}" if _FORMULA.match(text) and not is_number(text) else text


def plain_text(cell: str) -> str:
    """The text that `safe_text` was given."""
    return cell[1:] if cell.startswith("'") and _FORMULA.match(cell) else cell


def safe_path(path: str) -> str:
    """A relative path that no spreadsheet takes for a formula."""
    return f"./{path}" if _FORMULA.match(path) else path


def plain_path(cell: str) -> str:
    """The path that `safe_path` was given."""
    return cell.removeprefix("./")


def table_text(columns: Sequence[str], lines: Iterable[Sequence[object]]) -> str:
    """A CSV. Texts are written unchanged, so they must be safe already."""
    stream = io.StringIO()
    plain = csv.writer(stream, lineterminator="\n")
    # A carriage return in a file name ends a line for whoever reads it, unless it stands in quotes; the
    # writer quotes only for its own line end.
    quoted = csv.writer(stream, lineterminator="\n", quoting=csv.QUOTE_ALL)
    for line in (columns, *lines):
        writer = quoted if any(isinstance(cell, str) and "\r" in cell for cell in line) else plain
        writer.writerow(line)
    return stream.getvalue()
