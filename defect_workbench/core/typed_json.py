"""Decoding of parsed JSON into frozen dataclasses, each value checked against the type of its field."""

from __future__ import annotations

import types
from collections.abc import Mapping
from dataclasses import MISSING, fields, is_dataclass
from typing import Any, TypeVar, Union, cast, get_args, get_origin, get_type_hints

from defect_workbench.core.errors import InputError

T = TypeVar("T")

_NAMES = {float: "a number", int: "a whole number", str: "text", bool: "true or false"}


def decode(cls: type[T], value: object, where: str) -> T:
    """Return a dataclass instance decoded from a JSON object; keys that are not fields are ignored.

    Fields may be numbers, text, booleans, other dataclasses, tuples of these, mappings from text to
    these, and any of these or None. A dataclass may have a class method `from_json(value, where)` that
    is used instead.

    Parameters
    ----------
    value : object
        The result of `json.loads`.
    where : str
        What `value` is, for error messages.

    Raises
    ------
    InputError
        If a value is missing or has the wrong type, or if the dataclass rejects the values; the message
        names the value by its path.
    """
    from_json = getattr(cls, "from_json", None)
    if from_json is not None:
        return cast(T, from_json(value, where))
    return decode_fields(cls, value, where)


def decode_fields(cls: type[T], value: object, where: str) -> T:
    """Do the same as `decode`, ignoring a `from_json` of the dataclass itself."""
    if not isinstance(value, Mapping):
        raise InputError(f"{where} must be an object, not {value!r:.40}")
    hints = get_type_hints(cls)
    values: dict[str, Any] = {}
    for field in fields(cls):  # type: ignore[arg-type] # T is a dataclass
        if field.name in value:
            values[field.name] = _checked(hints[field.name], value[field.name], f"{where}.{field.name}")
        elif field.default is MISSING and field.default_factory is MISSING:
            raise InputError(f"{where}.{field.name} is missing")
    try:
        return cls(**values)
    except ValueError as error:
        raise InputError(f"{where}: {error}") from error


def _checked(hint: Any, value: object, where: str) -> Any:
    origin, arguments = get_origin(hint), get_args(hint)
    if origin in (Union, types.UnionType):
        if value is None:
            return None
        (hint,) = (argument for argument in arguments if argument is not type(None))
        return _checked(hint, value, where)
    if origin is tuple:
        return _checked_tuple(arguments, value, where)
    if origin is not None and issubclass(origin, Mapping):
        if not isinstance(value, Mapping):
            raise InputError(f"{where} must be an object, not {value!r:.40}")
        return {str(key): _checked(arguments[1], item, f"{where}.{key}") for key, item in value.items()}
    if is_dataclass(hint):
        return decode(cast(type[Any], hint), value, where)
    if hint is float and isinstance(value, int | float) and not isinstance(value, bool):
        return float(value)
    if not isinstance(value, hint) or (hint is int and isinstance(value, bool)):
        raise InputError(f"{where} must be {_NAMES[hint]}, not {value!r:.40}")
    return value


def _checked_tuple(arguments: tuple[Any, ...], value: object, where: str) -> tuple[Any, ...]:
    if not isinstance(value, list | tuple):
        raise InputError(f"{where} must be a list, not {value!r:.40}")
    if arguments[-1] is Ellipsis:
        arguments = arguments[:1] * len(value)
    if len(arguments) != len(value):
        raise InputError(f"{where} must hold {len(arguments)} values, not {len(value)}")
    return tuple(
        _checked(hint, item, f"{where}[{index}]")
        for index, (hint, item) in enumerate(zip(arguments, value, strict=True))
    )
