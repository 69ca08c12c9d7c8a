"""Side data on disk: reading CSV and XLSX files, storing in sessions, writing with exports."""

from __future__ import annotations

import codecs
import csv
import datetime
import hashlib
import io
import json
import math
import warnings
import zipfile
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from defect_workbench.core.errors import InputError
from defect_workbench.core.images.image_records import ImageSet
from defect_workbench.core.project.side_data import SideData, Table
from defect_workbench.core.safe_reading import NotRegularError, open_regular
from defect_workbench.core.table_columns import Column, ColumnKind, cell_text
from defect_workbench.storage.files.csv_cells import safe_path, safe_text, table_text
from defect_workbench.storage.files.zip_limits import check_size

MAX_BYTES = 64 * 1024**2
MAX_ROWS = 500_000
MAX_COLUMNS = 256
MAX_CELL = 10_000
MEMBER = "side-data.json"

_DELIMITERS = ",;\t|"
_SNIFFED_ROWS = 200


def read_table(path: Path) -> Table:
    """Read a CSV or XLSX file; the type is inferred from the content, not from the extension.

    So are encoding, delimiter and decimal comma of a CSV file. Of an XLSX file the first sheet is read, with
    the stored values of formulas.

    Raises
    ------
    InputError
        If it cannot be read, is too large, or does not contain a table.
    """
    try:
        with open_regular(path) as stream:
            data = stream.read(MAX_BYTES + 1)
    except NotRegularError as error:
        raise InputError(f"{path} is not a file") from error
    except OSError as error:
        raise InputError(f"the side data {path} cannot be read: {error.strerror or error}") from error
    if len(data) > MAX_BYTES:
        raise InputError(f"{path} is larger than {MAX_BYTES // 1024**2} MB, the limit for side data")
    remarks: list[str] = []
    comma = False
    try:
        if data.startswith(b"PK"):
            rows = _xlsx_rows(path, data)
        else:
            rows, comma = _csv_rows(path, data, remarks)
    except csv.Error as error:
        raise InputError(f"{path} cannot be read as a table: {error}") from error
    rows = [row for row in rows if any(cell.strip() for cell in row)]
    if len(rows) < 2:
        raise InputError(
            f"{path} does not contain a table: it needs a line of column names and at least one row"
        )
    if len(rows) > MAX_ROWS:
        raise InputError(f"{path} has more than {MAX_ROWS:,} rows")
    width = max(len(row) for row in rows)
    if width > MAX_COLUMNS:
        raise InputError(f"{path} has more than {MAX_COLUMNS} columns")
    padded = [(*(cell[:MAX_CELL] for cell in row), *[""] * (width - len(row))) for row in rows]
    header, body = padded[0], padded[1:]
    # Spreadsheets sometimes save empty columns.
    kept = [i for i in range(width) if header[i].strip() or any(row[i].strip() for row in body)]
    return Table(
        path.name,
        hashlib.sha256(data).hexdigest(),
        _header([header[i] for i in kept]),
        tuple(tuple(row[i] for i in kept) for row in body),
        comma,
        tuple(remarks),
    )


def _header(cells: Sequence[str]) -> tuple[str, ...]:
    names: list[str] = []
    for number, cell in enumerate(cells, start=1):
        original = name = " ".join(cell.split())[:100] or f"column {number}"
        count = 1
        while name in names:
            count += 1
            name = f"{original} ({count})"
        names.append(name)
    return tuple(names)


def _decode(data: bytes, remarks: list[str]) -> str:
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return data.decode("utf-16", "replace")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        remarks.append("read as Windows-1252, as it is not UTF-8")
        return data.decode("cp1252", "replace")


def _csv_rows(path: Path, data: bytes, remarks: list[str]) -> tuple[list[list[str]], bool]:
    text = _decode(data, remarks)
    if "\0" in text:
        raise InputError(f"the side data {path} are neither CSV nor XLSX; save the table as one of them")
    first, _, rest = text.partition("\n")
    if first.strip().casefold().startswith("sep=") and len(first.strip()) == 5:
        delimiter, text = first.strip()[-1], rest
    else:
        delimiter = max(_DELIMITERS, key=lambda mark: _fit(text, mark))
    rows = []
    for row in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter):
        rows.append(row)
        if len(rows) > MAX_ROWS + 1:
            break
    # If the comma is the delimiter, a comma in a quoted number is more likely a thousands separator.
    return rows, delimiter != ","


def _fit(text: str, delimiter: str) -> tuple[float, int]:
    """Return how well a delimiter fits: share of rows with the most common width, and that width."""
    widths: list[int] = []
    try:
        for row in csv.reader(io.StringIO(text[: 1 << 18], newline=""), delimiter=delimiter):
            if row:
                widths.append(len(row))
            if len(widths) == _SNIFFED_ROWS:
                break
    except csv.Error:
        return 0.0, 0
    if not widths:
        return 0.0, 0
    width, count = Counter(widths).most_common(1)[0]
    return (count / len(widths), width) if width > 1 else (0.0, 0)


def _xlsx_rows(path: Path, data: bytes) -> list[list[str]]:
    from openpyxl import load_workbook

    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            check_size(archive, len(data), MAX_BYTES * 2)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            book = load_workbook(io.BytesIO(data), read_only=True, data_only=True, keep_links=False)
            try:
                sheet = book.worksheets[0]
                sheet.reset_dimensions()
                rows = []
                for row in sheet.iter_rows(max_col=MAX_COLUMNS + 1, max_row=MAX_ROWS + 2, values_only=True):
                    cells = [_xlsx_cell(value) for value in row]
                    while cells and not cells[-1]:
                        cells.pop()
                    if cells:
                        rows.append(cells)
                return rows
            finally:
                book.close()
    except InputError:
        raise
    except Exception as error:  # zip and XML parsers raise all kinds of errors on a damaged file
        raise InputError(f"{path} is damaged or not an XLSX workbook") from error


def _xlsx_cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return f"{value:.15g}" if math.isfinite(value) else ""
    if isinstance(value, datetime.datetime) and value.time() == datetime.time():
        return value.date().isoformat()
    if isinstance(value, (datetime.datetime, datetime.date, datetime.time)):
        return value.isoformat(sep=" ") if isinstance(value, datetime.datetime) else value.isoformat()
    return str(value)


# In a session


def side_json(side: SideData) -> str:
    """Return side data as the member of a session file."""
    state = {
        "source": side.source,
        "sha256": side.sha256,
        "name_column": side.name_column,
        "columns": [[c.name, str(c.kind), list(c.cells)] for c in side.columns],
        "joined": list(side.joined),
        "without_image": list(side.without_image),
        "remarks": list(side.remarks),
    }
    return json.dumps(state, ensure_ascii=False, allow_nan=False)


def side_of_json(text: bytes, images: int) -> SideData:
    """Return the side data in the member of a session file.

    Raises
    ------
    ValueError, KeyError, TypeError
        If it is damaged.
    """
    state: dict[str, Any] = json.loads(text)
    columns = tuple(_column(str(name), ColumnKind(kind), cells) for name, kind, cells in state["columns"])
    joined = tuple(bool(has_row) for has_row in state["joined"])
    if len(joined) != images or any(len(column.cells) != images for column in columns):
        raise ValueError("side data and images differ in number")
    return SideData(
        str(state["source"]),
        str(state["sha256"]),
        str(state["name_column"]),
        columns,
        joined,
        tuple(str(name) for name in state["without_image"]),
        tuple(str(remark) for remark in state["remarks"]),
    )


def _column(name: str, kind: ColumnKind, cells: Iterable[object]) -> Column:
    if kind is ColumnKind.TEXT:
        return Column(name, kind, tuple(None if c is None else str(c) for c in cells))
    numbers = tuple(None if c is None else float(c) for c in cells)  # type: ignore[arg-type]
    if not all(n is None or math.isfinite(n) for n in numbers):
        raise ValueError("a number in the side data is not finite")
    return Column(name, kind, numbers)


# With an export


def side_text(side: SideData, images: ImageSet, labels: Sequence[str]) -> str:
    """Return `side_data.csv`: path and label of each image, then the joined columns.

    Parameters
    ----------
    labels : sequence of str
        Labels in the manifest, one per image.
    """
    reserved = {"path", "label"}
    header = [c.name if c.name not in reserved else f"{c.name} (side data)" for c in side.columns]
    lines = []
    for i, (image, label) in enumerate(zip(images.images, labels, strict=True)):
        cells = [safe_text(cell_text(c.cells[i])) for c in side.columns]
        lines.append([safe_path(image.path), safe_text(label), *cells])
    return table_text(["path", "label", *map(safe_text, header)], lines)
