"""Take a flat KLARF file (versions 1.1 and 1.2) apart."""

from __future__ import annotations

import re
from collections import deque

from defect_workbench.core.errors import InputError
from defect_workbench.storage.klarf.flat.flat_records import CUT, DAMAGED, FILE_LINE, FlatList
from defect_workbench.storage.klarf.flat.flat_statements import Statement, statements
from defect_workbench.storage.klarf.flat.record_layout import (
    COUNTED_PAIRS,
    UNREADABLE,
    Layout,
    Trial,
    cells_of,
    choose_layout,
)
from defect_workbench.storage.klarf.klarf_document import (
    IMAGE_LIST,
    ClassLookup,
    KlarfDocument,
    Record,
    RecordSpec,
)
from defect_workbench.storage.klarf.klarf_file import LineProblem
from defect_workbench.storage.klarf.klarf_tokens import integer_of, line_ends, readable, with_newlines, words
from defect_workbench.storage.klarf.wafer_header import WaferHeaders

_LOOKUP_ROW = re.compile(rb'([ \t]*)([+-]?\d+)[ \t]+("[^"\n]*"|[^\s;"]+)[^\n;]*')
_FILE_STATEMENTS = frozenset({"TIFFFILENAME", "FILENAME", "IMAGEFILENAME"})
# An overlay leaves these out: images, and summaries of all defects.
_NOT_IN_OVERLAYS = frozenset({*_FILE_STATEMENTS, "TIFFSPEC", "SUMMARYSPEC", "SUMMARYLIST"})


def flat_document(source: bytes) -> KlarfDocument:
    """Return the parts of a flat file; InputError if its version is not supported."""
    return _FlatReader(source).document()


class _FlatReader:
    def __init__(self, source: bytes) -> None:
        self._data = with_newlines(source)
        self._document = KlarfDocument(self._data, "", is_tree=False)
        self._headers = WaferHeaders(1.0)
        self._spec: RecordSpec | None = None
        self._lists: list[FlatList] = []
        self._widths: list[int] = []
        self._files: list[tuple[bytes, int]] = []
        """Named image files, each with the number of lists before it."""
        self._in_list = False

    def document(self) -> KlarfDocument:
        """Read all statements, then decide what needs the whole file."""
        found = self._document
        last = ""
        for statement in statements(self._data):
            self._read(statement)
            last = statement.keyword
            if not statement.is_ended and last != "ENDOFFILE":
                self._problem(statement.line, f"{self._name(statement)} is not ended by a semicolon")
        lines = self._data.count(b"\n") + 1
        if not found.version:
            raise InputError("the file states no KLARF version")
        if last != "ENDOFFILE":
            self._problem(lines, "the file ends without EndOfFile; it may be truncated")
        found.wafers = self._headers.wafers()
        found.lists = self._lists
        self._choose_layouts()
        self._assign_files()
        return found

    def _problem(self, line: int, reason: str) -> None:
        self._document.problems.append(LineProblem(line, reason))

    def _name(self, statement: Statement) -> str:
        return readable(self._data[statement.start : statement.body])[:60]

    def _read(self, statement: Statement) -> None:
        keyword = statement.keyword
        if keyword[0].isdigit() or keyword[0] in "+-.":
            # The rows of a list continue after a statement inside it.
            if self._in_list:
                self._add_list(statement, statement.start)
            else:
                self._problem(statement.line, f"{self._name(statement)!r} is not a statement")
            return
        if keyword == "DEFECTLIST":
            self._add_list(statement, statement.body)
            self._in_list = True
            return
        if keyword in _NOT_IN_OVERLAYS:
            self._document.cut.append((statement.start, statement.stop))
        if keyword in _FILE_STATEMENTS:
            name = self._data[statement.body : statement.end].strip()
            if not statement.is_ended and statement.end == len(self._data):
                # The name may be cut off.
                return
            self._files.append((name, len(self._lists)))
            return
        self._in_list = False
        values = words(self._data[statement.body : statement.end])
        if keyword == "FILEVERSION":
            self._read_version(statement, values)
        elif keyword == "DEFECTRECORDSPEC":
            self._read_spec(statement, values)
        elif keyword == "CLASSLOOKUP":
            self._read_lookup(statement)
        elif keyword == "TIFFSPEC":
            if len(values) > 1 and (width := integer_of(values[1])):
                self._widths.append(width)
        else:
            self._headers.add(keyword, values)

    def _read_version(self, statement: Statement, values: list[bytes]) -> None:
        numbers = [integer_of(value) for value in values[:2]]
        if len(numbers) < 2 or None in numbers:
            raise InputError("the file states no KLARF version")
        version = f"{numbers[0]}.{numbers[1]}"
        if numbers[0] != 1:
            raise InputError(f"KLARF version {version} is not supported; 1.1, 1.2, 1.7 and 1.8 are")
        if version not in {"1.0", "1.1", "1.2"}:
            self._problem(
                statement.line,
                f"version {version} in the form of version 1.2: lengths are read as micrometres",
            )
        self._document.version = self._document.version or version

    def _read_spec(self, statement: Statement, values: list[bytes]) -> None:
        declared = integer_of(values[0]) if values else None
        names = [readable(value) for value in (values if declared is None else values[1:])]
        if not names:
            self._problem(statement.line, "the record specification names no columns")
            return
        if declared != len(names):
            self._problem(
                statement.line,
                f"the record specification names {len(names):,} columns but declares"
                f" {'no number' if declared is None else f'{declared:,}'}; the names count",
            )
        if not self._document.new_lookup_at:
            self._document.new_lookup_at = statement.start
        upper = [name.upper() for name in names]
        if len(set(upper)) < len(upper):
            self._problem(
                statement.line, "the record specification names a column twice; the first one is read"
            )
        images = upper.index(IMAGE_LIST) if IMAGE_LIST in upper else None
        self._spec = RecordSpec(names, images, declared != len(names))

    def _add_list(self, statement: Statement, start: int) -> None:
        if self._spec is None:
            if self._data[start : statement.end].strip():
                self._problem(statement.line, "the defect list has no record specification")
            return
        line = statement.line + self._data.count(b"\n", statement.start, start)
        self._lists.append(
            FlatList(
                self._data,
                self._spec,
                self._headers.for_list(),
                line,
                start,
                statement.end,
                (statement.start, statement.stop),
                statement.is_ended,
            )
        )

    def _read_lookup(self, statement: Statement) -> None:
        body = self._data[statement.body : statement.end]
        first = re.match(rb"\s*([+-]?\d+)[ \t]*(?=\n|\r|\Z)|\s*([+-]?\d+)[ \t]+(?=[+-]?\d+[ \t]+\")", body)
        declared: int | None = None
        at = (0, 0)
        after = 0
        if first:
            group = 1 if first[1] is not None else 2
            declared = integer_of(first[group])
            at = (statement.body + first.start(group), statement.body + first.end(group))
            after = first.end()
        names: dict[int, str] = {}
        rows, indent, end = 0, b" ", after
        for row in _LOOKUP_ROW.finditer(body, after):
            number = integer_of(row[2])
            if number is not None:
                names.setdefault(number, readable(row[3]))
                rows, indent, end = rows + 1, row[1], row.end()
        insert_at = statement.body + len(body[:end].rstrip())
        separator = line_ends(self._data).decode("ascii") + indent.decode("ascii")
        row_text = separator.replace("{", "") + '{number} "{name}"'
        self._document.lookups.append(ClassLookup(names, rows, declared, at, insert_at, row_text))

    def _choose_layouts(self) -> None:
        """Choose how images are listed: one way for the whole file."""
        listing = [defects for defects in self._lists if defects.spec.images is not None]
        layout = choose_layout(self._widths, lambda tried: _trial(listing, tried)) if listing else UNREADABLE
        for defects in self._lists:
            defects.layout = layout
        self._leave_out_doubtful()
        if listing and layout == UNREADABLE:
            self._problem(
                listing[0].line, "how the records list their images cannot be determined; no image is read"
            )

    def _leave_out_doubtful(self) -> None:
        """Leave out the lists of a damaged specification: a record that fits it lacks a value, too."""
        doubtful = {
            defects.spec
            for defects in self._lists
            if defects.spec.is_doubtful
            and any(images == DAMAGED for _, images in defects.pieces(defects.layout))
        }
        for defects in self._lists:
            if defects.spec in doubtful:
                self._problem(defects.line, "the record specification is damaged; this list is not read")
                defects.end = defects.start
            elif defects.spec.is_doubtful and defects.spec.image_count is not None:
                # Where the image columns are is doubtful, too.
                defects.images_known = False
        first = next((defects for defects in self._lists if not defects.images_known), None)
        if first is not None:
            self._problem(first.line, "the record specification is doubtful; no image is read")

    def _assign_files(self) -> None:
        """Give each list the image file named before it, or after it if the file ends with one."""
        for defects in self._lists:
            if defects.is_cut and defects.spec.images is None and defects.spec.image_count is not None:
                defects.images_known = False
                self._problem(
                    defects.line, "the file ends within this list; images without numbers are not read"
                )
        if not self._files or not self._lists:
            return
        # Names and lists alternate, so the first and the last of them say which one is first.
        begins_with_name, ends_with_name = self._files[0][1] == 0, self._files[-1][1] == len(self._lists)
        if begins_with_name:
            is_clear = not ends_with_name or len(self._files) == 1
        else:
            is_clear = ends_with_name or not _lists_images(self._lists[0])
        if not is_clear:
            self._problem(
                self._lists[0].line,
                "whether image files belong to the lists before or after their names is not clear;"
                " no image is read",
            )
            for defects in self._lists:
                defects.images_known = False
            return
        names = deque(self._files)
        if ends_with_name and not begins_with_name:
            for index, defects in enumerate(self._lists):
                while names[0][1] <= index:
                    names.popleft()
                defects.file = names[0][0]
            return
        name = b""
        for index, defects in enumerate(self._lists):
            while names and names[0][1] <= index:
                name = names.popleft()[0]
            defects.file = name


def _lists_images(defects: FlatList) -> bool:
    return any(
        isinstance(item, Record) and (item.images or item.count) for item in defects.parts(defects.layout)
    )


def _trial(lists: list[FlatList], layout: Layout) -> Trial:
    damaged = disagreeing = records = images = 0
    numbers: set[bytes] = set()
    for defects in lists:
        counter = defects.spec.image_count
        for piece, count in defects.pieces(layout):
            if count in (FILE_LINE, CUT):
                continue
            records += 1
            if count == DAMAGED:
                damaged += 1
                continue
            if counter is not None and layout.counted:
                at = counter if counter < (defects.spec.images or 0) else counter + layout.width * count
                disagreeing += integer_of(piece.tokens[at]) != count
            if layout != COUNTED_PAIRS:
                listed = cells_of(defects.spec, layout, piece.tokens, count)[1]
                images += count
                numbers.update(image.number for image in listed)
                damaged += not all(image.number.isdigit() for image in listed)
    return Trial(damaged, disagreeing, images - len(numbers), records)
