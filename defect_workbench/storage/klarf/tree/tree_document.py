"""Take a hierarchical KLARF file (versions 1.7 and 1.8) apart: records in records, with fields and lists."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from defect_workbench.core.errors import InputError
from defect_workbench.storage.klarf.klarf_document import IMAGE_LIST, ClassLookup, KlarfDocument, RecordSpec
from defect_workbench.storage.klarf.klarf_file import LineProblem
from defect_workbench.storage.klarf.klarf_tokens import (
    BOM,
    integer_of,
    line_ends,
    number_of,
    readable,
    with_newlines,
)
from defect_workbench.storage.klarf.tree.tree_records import ROWS, TreeList
from defect_workbench.storage.klarf.wafer_header import InspectedTest, die_list, wafer_of

NANOMETRES = 1000.0
"""Per micrometre."""

_TOKEN = re.compile(rb'"[^"\n]*"?|[{};,]|[^\s{};,"]+')
_COLUMNS_END = re.compile(rb"[^{}]*")
_KEYWORDS = frozenset({b"RECORD", b"FIELD", b"LIST"})


@dataclass(eq=False)
class _Node:
    """A record."""

    kind: str
    value: bytes
    start: int
    parent: _Node | None
    close: int = 0
    fields: dict[str, list[bytes]] = field(default_factory=dict)
    lists: dict[str, list[TreeList]] = field(default_factory=dict)
    children: list[_Node] = field(default_factory=list)

    def walk(self) -> Iterator[_Node]:
        """Yield the record and all records in it, in the order of the file."""
        waiting = [self]
        while waiting:
            node = waiting.pop()
            yield node
            waiting.extend(reversed(node.children))

    def up(self) -> Iterator[_Node]:
        """Yield the record and those that contain it, innermost first."""
        node: _Node | None = self
        while node is not None:
            yield node
            node = node.parent


def tree_document(source: bytes) -> KlarfDocument:
    """Return the parts of a hierarchical file; InputError if its version is not supported."""
    return _TreeReader(source).document()


class _TreeReader:
    def __init__(self, source: bytes) -> None:
        self._data = with_newlines(source)
        self._at = len(BOM) if source.startswith(BOM) else 0
        self._token_at = self._at
        self._newlines = [match.start() for match in re.finditer(b"\n", self._data)]
        self._document = KlarfDocument(self._data, "", is_tree=True)
        self._root = _Node("", b"", 0, None)
        self._unexpected = 0
        self._is_cut = True
        self._is_doubtful = False

    def document(self) -> KlarfDocument:
        """Read all records, then put together what belongs together."""
        self._read_records()
        found = self._document
        files = [node for node in self._root.children if node.kind == "FILERECORD"]
        found.version = readable(files[0].value) if files else ""
        if found.version not in {"1.7", "1.8"}:
            raise InputError(
                f"KLARF version {found.version or '?'} is not supported; 1.1, 1.2, 1.7 and 1.8 are"
            )
        self._collect_wafers()
        for node in self._root.walk():
            found.lookups.extend(map(self._lookup, node.lists.get("CLASSLOOKUPLIST", ())))
            if node.kind == "SUMMARYRECORD":
                found.cut.append((node.start, node.close + 1))
            if node.kind == "LOTRECORD" and not found.new_lookup_at and node.close < len(self._data):
                found.new_lookup_at = node.close
        return found

    def _line(self, offset: int) -> int:
        return bisect_right(self._newlines, offset - 1) + 1

    def _problem(self, offset: int, reason: str) -> None:
        self._document.problems.append(LineProblem(self._line(offset), reason))

    def _next(self) -> bytes:
        """Return the next token; empty at the end."""
        match = _TOKEN.search(self._data, self._at)
        if match is None:
            self._token_at = self._at = len(self._data)
            return b""
        self._token_at, self._at = match.span()
        return match[0]

    def _back(self) -> None:
        self._at = self._token_at

    def _expect(self, token: bytes, after: str) -> bool:
        if self._next() == token:
            return True
        self._problem(self._token_at, f"{token.decode()!r} is missing behind {after}")
        self._back()
        return False

    def _read_records(self) -> None:
        node = self._root
        while token := self._next():
            start, word = self._token_at, token.upper()
            if word == b"RECORD":
                kind, value = readable(self._next()), self._next()
                if value == b"{":
                    value = b""
                    self._back()
                child = _Node(kind.upper(), value, start, node, close=len(self._data))
                self._expect(b"{", f"record {kind}")
                node.children.append(child)
                node = child
            elif word == b"FIELD":
                self._read_field(node)
            elif word == b"LIST":
                self._read_list(node)
            elif token == b"}":
                if node.parent is None:
                    self._problem(start, "a closing brace without an opening one")
                else:
                    node.close = start
                    node = node.parent
            elif word == b"ENDOFFILE":
                self._is_cut = node.parent is not None
                if self._is_cut:
                    self._problem(start, f"record {node.kind.capitalize()} is not closed")
                return
            elif token not in {b";", b","}:
                self._skip_unexpected(start, token)
        self._is_cut = node.parent is not None
        self._problem(len(self._data), "the file ends without EndOfFile; it may be truncated")

    def _skip_unexpected(self, start: int, token: bytes) -> None:
        line = self._line(start)
        if line != self._unexpected:
            self._problem(start, f"{readable(token)[:60]!r} is not expected here")
        self._unexpected = line

    def _read_field(self, node: _Node) -> None:
        name = readable(self._next())
        count = self._next()
        if count == b"{":
            self._back()
        if not self._expect(b"{", f"field {name}"):
            return
        values: list[bytes] = []
        while (token := self._next()) != b"}":
            if not token or token.upper() in _KEYWORDS:
                # Its last value may be cut off.
                self._problem(self._token_at, f"field {name} is not closed")
                self._back()
                return
            if token not in {b",", b";"}:
                values.append(token)
        node.fields.setdefault(name.upper(), values)

    def _read_list(self, node: _Node) -> None:
        name = readable(self._next())
        if not self._expect(b"{", f"list {name}"):
            return
        columns: Sequence[tuple[str, str]] = ()
        columns_at = (self._at, self._at)
        while token := self._next():
            start, word = self._token_at, token.upper()
            if word == b"COLUMNS":
                columns = self._read_columns(name)
                columns_at = (start, self._at)
            elif word == b"DATA":
                found = self._read_rows(name, start, columns, columns_at)
                if found is not None:
                    node.lists.setdefault(name.upper(), []).append(found)
            elif token == b"}":
                return
            elif word in _KEYWORDS or word == b"ENDOFFILE":
                self._problem(start, f"list {name} is not closed")
                self._back()
                return
            else:
                self._skip_unexpected(start, token)

    def _read_columns(self, name: str) -> list[tuple[str, str]]:
        """Return types and names of the columns; a column without a type is a text."""
        start = self._token_at
        token = self._next()
        declared = integer_of(token)
        if token == b"{":
            self._back()
        if not self._expect(b"{", f"the columns of list {name}"):
            return []
        match = _COLUMNS_END.match(self._data, self._at)
        end = match.end() if match else self._at
        words = [part.split() for part in self._data[self._at : end].split(b",")]
        columns = [(readable(part[0]) if len(part) > 1 else "", readable(part[-1])) for part in words if part]
        self._at = end
        if self._next() != b"}":
            self._back()
        self._is_doubtful = declared != len(columns)
        if self._is_doubtful:
            self._problem(
                start,
                f"list {name} names {len(columns):,} columns but declares another number; the names count",
            )
        return columns

    def _read_rows(
        self, name: str, start: int, columns: Sequence[tuple[str, str]], columns_at: tuple[int, int]
    ) -> TreeList | None:
        token = self._next()
        declared, declared_at = integer_of(token), (self._token_at, self._at)
        if token == b"{":
            self._back()
        if not self._expect(b"{", f"the data of list {name}"):
            return None
        first = self._at
        match = ROWS.match(self._data, first)
        end = self._at = match.end() if match else first
        if self._next() != b"}":
            self._back()
            self._problem(end, f"the data of list {name} are not closed")
        if not columns:
            self._problem(start, f"list {name} names no columns")
            return None
        types = tuple(kind for kind, _ in columns)
        names = [column for _, column in columns]
        images = [i for i, kind in enumerate(types) if kind.upper() == IMAGE_LIST]
        if not images:
            images = [i for i, column in enumerate(names) if column.upper() == IMAGE_LIST]
        return TreeList(
            self._data,
            RecordSpec(names, images[0] if images else None, self._is_doubtful),
            types,
            self._line(first),
            first,
            end,
            columns_at,
            (start, self._at),
            declared,
            declared_at,
            self._line,
        )

    def _collect_wafers(self) -> None:
        """Give each defect list its wafer and its image file."""
        found = self._document
        numbers: dict[int, int] = {}
        lists: list[TreeList] = []
        for node in self._root.walk():
            if node.kind == "WAFERRECORD":
                numbers[id(node)] = len(found.wafers)
                self._add_wafer(node)
            for defects in node.lists.get("DEFECTLIST", ()):
                wafer = next((n for n in node.up() if n.kind == "WAFERRECORD"), self._root)
                if id(wafer) not in numbers:
                    numbers[id(wafer)] = len(found.wafers)
                    self._add_wafer(node)
                if defects.spec.is_doubtful and any(
                    len(tokens) != len(defects.spec.names) for _, _, tokens in defects.rows()
                ):
                    # A row that fits damaged columns lacks a value, too.
                    self._document.problems.append(
                        LineProblem(defects.line, "the columns of this list are damaged; it is not read")
                    )
                    defects.end = defects.start
                defects.wafer = numbers[id(wafer)]
                defects.file = _image_file(node)
                lists.append(defects)
        found.lists = lists
        # The name of the image file stands behind the lists in many files.
        unnamed = [defects for defects in lists if self._is_cut and not defects.file]
        for defects in unnamed:
            defects.images_known = False
        if any(defects.spec.images is not None for defects in unnamed):
            self._problem(len(self._data), "the file ends before it names an image file")

    def _add_wafer(self, node: _Node) -> None:
        header: dict[str, Sequence[bytes]] = {}
        for record in reversed(list(node.up())):
            header.update(record.fields)
            if record.kind == "LOTRECORD":
                header["LOTID"] = [record.value]
        tests = []
        for record in node.walk():
            plans = record.lists.get("SAMPLETESTPLANLIST", ())
            areas = record.fields.get("AREAPERTEST", ())
            if plans or areas:
                area = number_of(areas[0]) if areas else 0.0
                dies = [die for plan in plans for die in _dies(plan)]
                tests.append(InspectedTest(dies, area if area > 0 else None))
        name = readable(node.value) if node.kind == "WAFERRECORD" else ""
        self._document.wafers.append(wafer_of(header, tests, name, NANOMETRES))

    def _lookup(self, lookup: TreeList) -> ClassLookup:
        number_at, name_at = (lookup.spec.index(name) for name in ("CLASSNUMBER", "CLASSNAME"))
        names: dict[int, str] = {}
        rows, end, indent, is_ended = 0, lookup.start, b"", True
        for start, stop, tokens in lookup.rows():
            row_text = self._data[start:stop]
            is_ended = stop < lookup.end
            rows, end = rows + 1, stop + 1 if is_ended else start + len(row_text.rstrip())
            indent = row_text[: len(row_text) - len(row_text.lstrip())] or indent
            number = (
                integer_of(tokens[number_at]) if number_at is not None and number_at < len(tokens) else None
            )
            if number is not None and name_at is not None and name_at < len(tokens):
                names.setdefault(number, readable(tokens[name_at]))
        values = []
        for index, kind in enumerate(lookup.types):
            text = kind.upper() == "STRING"
            values.append(
                "{number}"
                if index == number_at
                else '"{name}"'
                if index == name_at
                else '""'
                if text
                else "0"
            )
        if b"\n" not in indent:
            indent = line_ends(self._data) + b" "
        before = indent if is_ended else b";" + indent
        row = before.decode("ascii") + " ".join(values) + ";"
        return ClassLookup(names, rows, lookup.declared, lookup.declared_at, end, row)


def _dies(plan: TreeList) -> list[tuple[int, int]]:
    columns = [plan.spec.index(name) for name in ("XINDEX", "YINDEX")]
    values: list[bytes] = []
    for _, _, tokens in plan.rows():
        chosen = [tokens[i] for i in columns if i is not None and i < len(tokens)]
        if len(chosen) == 2:
            values += chosen
    return die_list(values, has_count=False)


def _image_file(node: _Node) -> bytes:
    """Return the image file that the record, or the nearest one around it, names for all defects."""
    for record in node.up():
        for name in ("IMAGEFILENAME", "TIFFFILENAME"):
            values = record.fields.get(name)
            if values:
                return values[0]
    return b""
