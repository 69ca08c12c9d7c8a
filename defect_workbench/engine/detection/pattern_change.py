"""What a defect does to the pattern around it: brighter or darker, isolated, attached, or between parts.

Where the defect adds material to a layout of lines, for example, it is an island, a spur or a bridge; where
it takes material away, a hole, a bite or a break. Nothing here knows of lines: what counts is how often the
outline of the defect meets surroundings of its own grey level, and of the grey level that it replaces.
"""

from __future__ import annotations

import numpy as np
from scipy import ndimage

from defect_workbench.core.arrays import Flags, Vectors
from defect_workbench.engine.detection.defect_objects import DefectObject
from defect_workbench.engine.detection.deviation import Deviation

# Increase this when the same deviation gives other values.
IDENTITY = "contacts-ring-2-5-v1"
COLUMNS = 3
# Cells beyond the mask in which the extent of the defect may continue, and the ring around it.
_PAD = 12
_INNER, _OUTER = 2, 5
# Between the grey level that is replaced (0) and that of the defect (1).
_HALF = 0.5
# Fewer cells of the ring are noise.
_LEAST_CELLS = 4
# From the second contact on, the defect lies between parts.
_MOST_CONTACTS = 2
_LEAST_CONTRAST = 1e-3
_ANY = np.ones((3, 3), bool)


def _disc(radius: int) -> Flags:
    rows, columns = np.mgrid[-radius : radius + 1, -radius : radius + 1]
    return np.asarray(rows * rows + columns * columns <= radius * radius + radius / 2, bool)


_WITHIN, _AROUND = _disc(_INNER), _disc(_OUTER)


def pattern_change(deviation: Deviation, found: DefectObject) -> Vectors:
    """Return what a defect does to what is expected in its place.

    Parameters
    ----------
    deviation : Deviation
        Of the whole image.
    found : DefectObject
        One of its defects.

    Returns
    -------
    (3,) float32
        1 if the defect is brighter than expected, -1 if it is darker; the number of separate places, 0 to 2,
        in which the ring around it has its own grey level; and in which it has the grey level that the
        defect replaces.
    """
    rows, columns = found.mask.shape
    height, width = deviation.level.shape
    top, left = max(0, found.top - _PAD), max(0, found.left - _PAD)
    bottom, right = min(height, found.top + rows + _PAD), min(width, found.left + columns + _PAD)
    level, expected = (plane[top:bottom, left:right] for plane in (deviation.level, deviation.expected))
    mask = np.zeros(level.shape, bool)
    mask[found.top - top :, found.left - left :][:rows, :columns] = found.mask
    difference = np.abs(level - expected)
    core = mask & (difference >= np.median(difference[mask]))
    own, replaced = float(np.median(level[core])), float(np.median(expected[core]))
    brighter = own >= replaced
    step = own - replaced
    if abs(step) < _LEAST_CONTRAST:
        step = _LEAST_CONTRAST if brighter else -_LEAST_CONTRAST
    seen, usual = (level - replaced) / step, (expected - replaced) / step
    extent = _extent(mask, core, (seen > _HALF) & (usual < _HALF))
    ring = ndimage.binary_dilation(extent, _AROUND) & ~ndimage.binary_dilation(extent, _WITHIN)
    own_contacts = _places(ring & (usual > _HALF))
    return np.array([1 if brighter else -1, own_contacts, _places(ring & (usual <= _HALF))], np.float32)


def _extent(mask: Flags, core: Flags, changed: Flags) -> Flags:
    """Return the whole defect: what changed and is connected to the mask, which misses faint margins."""
    # Without opening, slivers along edges of the pattern would be a part of it.
    labels, _ = ndimage.label(ndimage.binary_opening(changed, _ANY) | (changed & core), _ANY)
    parts = np.unique(labels[mask])
    return np.asarray(np.isin(labels, parts[parts > 0]) | core, bool)


def _places(part: Flags) -> int:
    """Return the number of separate places of a part of the ring, at most `_MOST_CONTACTS`."""
    sizes = np.bincount(np.asarray(ndimage.label(part, _ANY)[0]).ravel())[1:]
    return min(int((sizes >= _LEAST_CELLS).sum()), _MOST_CONTACTS)
