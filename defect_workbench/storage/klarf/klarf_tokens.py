"""Tokens of KLARF files. Files are handled as bytes, so that nothing is lost in an encoding."""

from __future__ import annotations

import re
from collections.abc import Iterator

BOM = b"\xef\xbb\xbf"
WORD = re.compile(rb'"[^"\n]*"|\S+')
"""A token of a flat record: a text in quotes, or what stands between white space."""

_NUMBER = re.compile(rb"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?")
_INT64 = 2**63


def words(text: bytes) -> list[bytes]:
    """Return the tokens of a line."""
    return WORD.findall(text) if b'"' in text else text.split()


def word_spans(data: bytes, start: int, end: int) -> Iterator[tuple[int, int]]:
    """Yield start and end of each token between two offsets, as `words` divides them."""
    return (match.span() for match in WORD.finditer(data, start, end))


def unquoted(token: bytes) -> bytes:
    """Return a token without its quotes and the white space inside them."""
    if token[:1] != b'"':
        return token
    return (token[1:-1] if len(token) > 1 and token[-1:] == b'"' else token[1:]).strip()


def readable(token: bytes) -> str:
    """Return a token as text: UTF-8 if it is that, else Latin-1."""
    token = unquoted(token)
    try:
        return token.decode("utf-8")
    except UnicodeDecodeError:
        return token.decode("latin-1")


def number_of(token: bytes) -> float:
    """Return a token as a number; NaN if it is not one."""
    token = unquoted(token)
    if not _NUMBER.fullmatch(token):
        return float("nan")
    value = float(token)
    return value if abs(value) != float("inf") else float("nan")


def integer_of(token: bytes) -> int | None:
    """Return a token as a whole number of at most 64 bits, or None."""
    if token.isdigit() and len(token) < 19:
        return int(token)
    token = unquoted(token)
    if not _NUMBER.fullmatch(token) or len(token) > 40:
        return None
    try:
        value = int(token)
    except ValueError:
        number = float(token)
        if not number.is_integer() or abs(number) >= 2**53:
            return None
        value = int(number)
    return value if -_INT64 <= value < _INT64 else None


def line_ends(data: bytes) -> bytes:
    """Return the line end that a file uses."""
    return b"\r\n" if b"\r\n" in data else b"\r" if b"\n" not in data and b"\r" in data else b"\n"


def with_newlines(data: bytes) -> bytes:
    """Return a file with newlines where its lines end in carriage returns alone; no offset changes."""
    return data.replace(b"\r", b"\n") if b"\n" not in data else data
