"""Numbers, lengths and texts in what instruments write about their images.

Pixel sizes outside 0.001 nm to 1 mm are ignored.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping

SIDE_LIMIT = 256 * 1024

_SMALLEST, _LARGEST = 1e-3, 1e6
_TO_NM = {"pm": 1e-3, "nm": 1.0, "um": 1e3, "µm": 1e3, "μm": 1e3, "\\u00b5m": 1e3, "micron": 1e3, "mm": 1e6}
_TO_NM |= {"microns": 1e3, "cm": 1e7, "m": 1e9, "inch": 2.54e7, "å": 0.1, "a": 0.1}
_TO_NM |= {"nanometer": 1.0, "micrometer": 1e3, "millimeter": 1e6, "centimeter": 1e7}
_NUMBER = re.compile(r"[-+]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][-+]?\d+)?")
_LENGTHS_UM = {"mm": 1e3, "um": 1.0, "µm": 1.0, "μm": 1.0, "nm": 1e-3, "cm": 1e4, "m": 1e6}


def number(value: object, scale: float = 1.0) -> float | None:
    """Return the first number in a value, times `scale`; None without a finite number."""
    match = _NUMBER.search(str(value).replace(",", ""))
    if match is None:
        return None
    result = float(match.group()) * scale
    return result if math.isfinite(result) else None


def length_nm(value: object, unit: str) -> float | None:
    """Return a pixel size in nm; None if it is implausible or its unit is unknown."""
    size = number(value, _TO_NM.get(unit.strip().lower(), math.nan))
    return believable(size)


def believable(pixel_size_nm: float | None) -> float | None:
    """Return the pixel size if it is plausible, else None."""
    if pixel_size_nm is None or not _SMALLEST <= pixel_size_nm <= _LARGEST:
        return None
    return pixel_size_nm


def positive(value: float | None) -> float | None:
    """Return a value if it is finite and above 0, else None."""
    return value if value is not None and value > 0 and math.isfinite(value) else None


def plain_text(value: object) -> str:
    """Return the printable characters of a text, at most 200."""
    if isinstance(value, bytes):
        value = value.decode("utf-8", "replace")
    return "" if value is None else "".join(c for c in str(value) if c.isprintable()).strip()[:200]


def measured(text: str, to: Mapping[str, float]) -> float | None:
    """Return a number with its unit, times the factor of the unit; None if the unit is missing or unknown."""
    known = next((u for u in sorted(to, key=len, reverse=True) if re.search(rf"\d\s*{u}\b", text)), None)
    return number(text, to[known]) if known else None


def length_um(text: str) -> float | None:
    """Return a length with its unit in micrometres; None if the unit is missing or unknown."""
    return measured(text, _LENGTHS_UM)


def pairs(text: str, separator: str) -> dict[str, str]:
    """Return the values of lines such as `key=value`, by lower-case key; the first of several counts."""
    values: dict[str, str] = {}
    for line in text.splitlines():
        key, found, value = line.strip().partition(separator)
        if found and value.strip():
            values.setdefault(key.strip().lower(), value.strip())
    return values
