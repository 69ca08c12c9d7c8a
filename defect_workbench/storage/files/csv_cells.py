"""CSV tables that are safe to open in a spreadsheet.

Spreadsheets evaluate text that begins like a formula. Such text gets a leading apostrophe; such a path gets
a leading './', which does not change the file it names. Numbers are unchanged.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Sequence

from defect_workbench.core.text import is_number

# With Chinese, Japanese or Korean settings, full-width characters begin a formula too.
_FORMULA = re.compile("'*[=+\\-@\t\r\n＝＋－＠]")


def safe_text(text: str) -> str:
    """Return a text so that no spreadsheet evaluates it; numbers are unchanged."""
    return f"'{text}" if _FORMULA.match(text) and not is_number(text) else text


def plain_text(cell: str) -> str:
    """Reverse `safe_text`."""
    return cell[1:] if cell.startswith("'") and _FORMULA.match(cell) else cell


def safe_path(path: str) -> str:
    """Return a relative path so that no spreadsheet evaluates it."""
    return f"./{path}" if _FORMULA.match(path) else path


def plain_path(cell: str) -> str:
    """Reverse `safe_path`."""
    return cell.removeprefix("./")


def table_text(columns: Sequence[str], lines: Iterable[Sequence[object]]) -> str:
    """Return a table as CSV. Text is not escaped here, so it must already be safe."""
    return "".join(row_text(line) for line in (columns, *lines))


def row_text(line: Sequence[object]) -> str:
    """Return one row of a table as CSV. Text is not escaped here, so it must already be safe."""
    # Readers end a line at a carriage return unless it is quoted; the writer only quotes its own line end.
    quoted = any(isinstance(cell, str) and "\r" in cell for cell in line)
    stream = io.StringIO()
    csv.writer(stream, lineterminator="\n", quoting=csv.QUOTE_ALL if quoted else csv.QUOTE_MINIMAL).writerow(
        line
    )
    return stream.getvalue()
