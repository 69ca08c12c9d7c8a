"""Measurements of images as text."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np

from defect_workbench.core.arrays import Integers
from defect_workbench.core.images.image_records import ImageRecord
from defect_workbench.core.images.lengths import size_words
from defect_workbench.core.images.measurements import Measurements
from defect_workbench.core.text import counted


def measured_words(measured: Measurements | None) -> str:
    """Return the measurements of an image, one line per group."""
    if measured is None:
        return ""
    noise = f"noise {measured.noise:.1f} grey levels"
    if not measured.defects:
        return f"no defect found\n{noise}"
    count = counted(measured.defects, "defect")
    # A unit is not left alone on the next line.
    size = size_words(measured.diameter, measured.unit).replace(" ", "\u00a0")
    proportions = f"aspect ratio {measured.aspect:.2g} at {round(measured.orientation)}°"
    return f"{count}, the largest ⌀ {size}\n{proportions}, contrast {measured.contrast:+.0f}\n{noise}"


def median_words(images: Sequence[ImageRecord], members: Integers) -> str:
    """Return the median diameter of the largest defects of images; empty if the images were not measured.

    Where most images have no defect, a median over a few false finds would say nothing.
    """
    measured = [m for i in members.tolist() if (m := images[i].measured) is not None]
    measurements = [m for m in measured if m.defects]
    without = len(measured) - len(measurements)
    if not measured:
        return ""
    if not measurements:
        return "no defect found"
    if without > len(measured) / 2:
        return f"no defect found in {without:,} of {len(measured):,}"
    unit = Counter(m.unit for m in measurements).most_common(1)[0][0]
    median = float(np.median([m.diameter for m in measurements if m.unit == unit]))
    return f"median defect ⌀ {size_words(median, unit)}"
