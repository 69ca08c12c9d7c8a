"""Images coloured by a column: categories in the cluster colours, numbers on a ramp."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from defect_workbench.app.columns import Column
from defect_workbench.core.project.palette import COLOURS, NEUTRAL, RAMP

# More would fill the map with their legend; the other values are grey.
_MOST_CATEGORIES = 12


@dataclass(frozen=True, eq=False)
class Colouring:
    """A colour for each image, and what the colours mean.

    Attributes
    ----------
    shades : (n,) uint32
        0xFFRRGGBB.
    legend : tuple of (str, str)
        Text and #RRGGBB; for numbers from the lowest to the highest.
    ramp : bool
        Whether the legend is a continuous ramp.
    """

    shades: NDArray[np.uint32]
    legend: tuple[tuple[str, str], ...]
    ramp: bool = False


def colour_by(column: Column) -> Colouring:
    """Return colours by a column; images with no value, or a rare one, are neutral."""
    return _by_number(column) if column.numeric else _by_category(column)


def _by_category(column: Column) -> Colouring:
    texts = [str(value) for value in column.values]
    counts = Counter(text for text in texts if text)
    shown = [text for text, _ in counts.most_common(_MOST_CATEGORIES)]
    colour_of = dict(zip(shown, COLOURS, strict=False))
    shades = np.array([_argb(colour_of.get(text, NEUTRAL)) for text in texts], np.uint32)
    legend = [(f"{text} ({counts[text]:,})", colour_of[text]) for text in shown]
    rest = len(texts) - sum(counts[text] for text in shown)
    if rest:
        legend.append((f"other or no value ({rest:,})", NEUTRAL))
    return Colouring(shades, tuple(legend))


def _by_number(column: Column) -> Colouring:
    values = np.asarray(column.values, np.float64)
    known = np.isfinite(values)
    shades = np.full(len(values), _argb(NEUTRAL), np.uint32)
    # A single extreme value must not give all others the same colour.
    low, high = np.percentile(values[known], (1, 99)) if known.any() else (0.0, 1.0)
    if not high > low:
        low, high = float(values[known].min(initial=0.0)), float(values[known].max(initial=1.0))
    place = np.clip((values[known] - low) / max(high - low, 1e-300), 0, 1) * (len(RAMP) - 1)
    anchors = np.array([[int(name[i : i + 2], 16) for i in (1, 3, 5)] for name in RAMP], np.float64)
    base = np.minimum(place.astype(np.intp), len(RAMP) - 2)
    share = (place - base)[:, None]
    mixed = np.rint(anchors[base] * (1 - share) + anchors[base + 1] * share).astype(np.uint32)
    shades[known] = 0xFF000000 | (mixed[:, 0] << 16) | (mixed[:, 1] << 8) | mixed[:, 2]
    marks = np.linspace(low, high, len(RAMP))
    legend = tuple((f"{mark:.4g}", name) for mark, name in zip(marks.tolist(), RAMP, strict=True))
    return Colouring(shades, legend, ramp=True)


def _argb(name: str) -> int:
    return 0xFF000000 | int(name[1:], 16)
