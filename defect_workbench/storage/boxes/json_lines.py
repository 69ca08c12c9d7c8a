"""JSON objects with the line on which each item of their lists begins."""

from __future__ import annotations

import json
import re
from typing import Any

from defect_workbench.storage.boxes.box_format import UnreadableBoxes

_SPACE = re.compile(r"[ \t\n\r]*")

Items = list[tuple[int, Any]]


def read_object(text: str) -> dict[str, Any | Items]:
    """Return the values of a JSON object; a list becomes pairs of a line number, from 1, and an item.

    Raises
    ------
    UnreadableBoxes
        If the text is not a JSON object.
    """
    reader = _Reader(text)
    try:
        return reader.top()
    except json.JSONDecodeError as error:
        raise UnreadableBoxes(f"not valid JSON: {error.msg}", error.lineno) from None
    except (ValueError, RecursionError) as error:
        reason = "nested too deeply" if isinstance(error, RecursionError) else str(error)
        raise UnreadableBoxes(f"not valid JSON: {reason}") from None


def items_of(values: dict[str, Any], key: str) -> Items:
    """Return the items of a list with their lines.

    Raises
    ------
    UnreadableBoxes
        If there is no such list.
    """
    items = values.get(key)
    if not isinstance(items, _List):
        raise UnreadableBoxes(f"it has no list {key!r}")
    return items


class _List(list[tuple[int, Any]]):
    """Distinguishes a list of the top level from other values."""


class _Reader:
    def __init__(self, text: str) -> None:
        self._text = text
        self._decode = json.JSONDecoder().raw_decode
        self._at = self._counted = 0
        self._line = 1

    def top(self) -> dict[str, Any]:
        self._take("{")
        values: dict[str, Any] = {}
        while not self._next_is("}"):
            if values:
                self._take(",")
            self._space()
            key = self._value()
            if not isinstance(key, str):
                raise json.JSONDecodeError("a name must be text", self._text, self._at)
            self._take(":")
            values[key] = self._list() if self._next_is("[") else self._value()
        self._take("}")
        self._space()
        if self._at != len(self._text):
            raise json.JSONDecodeError("extra data", self._text, self._at)
        return values

    def _list(self) -> _List:
        self._take("[")
        items = _List()
        while not self._next_is("]"):
            if items:
                self._take(",")
            self._space()
            self._line += self._text.count("\n", self._counted, self._at)
            self._counted = self._at
            items.append((self._line, self._value()))
        self._take("]")
        return items

    def _value(self) -> Any:
        self._space()
        value, self._at = self._decode(self._text, self._at)
        return value

    def _space(self) -> None:
        match = _SPACE.match(self._text, self._at)
        self._at = self._at if match is None else match.end()

    def _next_is(self, character: str) -> bool:
        self._space()
        return self._text.startswith(character, self._at)

    def _take(self, character: str) -> None:
        if not self._next_is(character):
            raise json.JSONDecodeError(f"{character!r} expected", self._text, self._at)
        self._at += 1
