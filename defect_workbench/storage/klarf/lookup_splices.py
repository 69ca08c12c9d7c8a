"""Extend the class lookup of a KLARF file."""

from __future__ import annotations

from collections.abc import Mapping

from defect_workbench.core.errors import InputError
from defect_workbench.storage.klarf.klarf_document import KlarfDocument
from defect_workbench.storage.klarf.klarf_tokens import line_ends
from defect_workbench.storage.klarf.splices import Splice, indent_at


def lookup_splices(document: KlarfDocument, names: Mapping[int, str]) -> list[Splice]:
    """Return what adds classes to the first lookup, or a new one; classes that it has stay as they are.

    The number of rows that the file declares is raised only if it was right.
    """
    known = document.classes
    missing = [(number, names[number]) for number in sorted(names) if number not in known]
    if not missing:
        return []
    if not document.lookups:
        return [_new_lookup(document, missing)]
    lookup = document.lookups[0]
    rows = b"".join(
        lookup.row.replace("{number}", str(number))
        .encode("ascii")
        .replace(b"{name}", _encoded(document, name))
        for number, name in missing
    )
    splices = [Splice(lookup.insert_at, lookup.insert_at, rows)]
    if lookup.declared == lookup.rows:
        splices.append(Splice(*lookup.declared_at, str(lookup.rows + len(missing)).encode("ascii")))
    return splices


def _new_lookup(document: KlarfDocument, missing: list[tuple[int, str]]) -> Splice:
    end = line_ends(document.data)
    at = document.new_lookup_at
    if not at:
        raise InputError("class names cannot be added: the file has no class lookup and seems truncated")
    if not document.is_tree:
        rows = (b' %d "%s"' % (number, _encoded(document, name)) for number, name in missing)
        return Splice(at, at, b"ClassLookup %d" % len(missing) + end + end.join(rows) + b";" + end)
    rows = (b'    %d "%s" "";' % (number, _encoded(document, name)) for number, name in missing)
    lines = [
        b"List ClassLookupList",
        b"{",
        b"  Columns 3 { int32 CLASSNUMBER, string CLASSNAME, string CLASSCODE }",
        b"  Data %d" % len(missing),
        b"  {",
        *rows,
        b"  }",
        b"}",
    ]
    # Stands on lines before the closing brace of the lot.
    new_line = end + indent_at(document.data, at)
    return Splice(at, at, b"  " + (new_line + b"  ").join(lines) + new_line)


def _encoded(document: KlarfDocument, name: str) -> bytes:
    """Return a name in the encoding of the file, without what would end the text."""
    plain = " ".join(name.replace('"', "'").split())
    if document.data.isascii() or not _is_utf8(document.data):
        # Old programs read Latin-1, so it is preferred where the file does not decide.
        try:
            return plain.encode("latin-1")
        except UnicodeEncodeError:
            if not document.data.isascii():
                return plain.encode("latin-1", "replace")
    return plain.encode("utf-8")


def _is_utf8(data: bytes) -> bool:
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True
