"""Separate defects of an image, from its deviation: regions, split where two touch, with boxes and scores."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from scipy.spatial import cKDTree

from defect_workbench.core.arrays import Flags
from defect_workbench.engine.detection.deviation import Deviation
from defect_workbench.engine.preprocessing.background import Plane

# In standard deviations: somewhere, and throughout.
HIGH, LOW = 6.0, 3.0
_BROAD_HIGH, _BROAD_LOW = 7.0, 4.0
_BODY = 0.25
_JOIN = 2
_LEAST_PIXELS = 8
# Two parts are two defects if the neck between them is this much narrower than the thinner one.
_NECK = 0.6
_LEAST_HALF_WIDTH = 3.0
_CORE = 0.5
_MOST_PARTS = 3
# Fragments are joined over this share of the shorter one's length, within limits in cells.
_GAP, _MOST_GAP = 0.4, 12.0
_MOST_JOINED = 400
_ANY = np.ones((3, 3), bool)

Labels = NDArray[np.int32]


@dataclass(frozen=True, eq=False)
class DefectObject:
    """One defect.

    Attributes
    ----------
    top, left : int
        Position of the mask.
    mask : (rows, columns) bool
        The defect, in a rectangle that encloses it tightly.
    strength : float
        Its highest deviation in units of the threshold, at least 1.
    """

    top: int
    left: int
    mask: Flags
    strength: float


def objects_of(deviation: Deviation) -> list[DefectObject]:
    """Return the defects of an image, from top to bottom.

    A defect exceeds 3 standard deviations throughout, 6 somewhere, and a quarter of its own peak (hysteresis
    thresholding: J. Canny, IEEE PAMI 8, 1986), in grey levels. Regions less than 5 cells apart are joined, as
    are fragments that are close in comparison with their length; regions with a narrow neck are split. Faint,
    large defects that only stand out after averaging are added where no other defect is.

    Returns
    -------
    list of DefectObject
        On the grid of the deviation.
    """
    fine, broad = np.abs(deviation.fine), np.abs(deviation.broad)
    regions = _regions(fine, deviation.amount, HIGH, LOW, _JOIN)
    labels = _joined(_split(regions, deviation.amount))
    faint = _regions(broad, broad, _BROAD_HIGH, _BROAD_LOW, 0)
    known = np.unique(faint[labels > 0])
    faint[np.isin(faint, known)] = 0
    faint = _joined(_numbered(faint))
    found = [*_objects(labels, fine / np.float32(HIGH)), *_objects(faint, broad / np.float32(_BROAD_HIGH))]
    return sorted(found, key=lambda each: (each.top, each.left))


def _regions(level: Plane, amount: Plane, high: float, low: float, join: int) -> Labels:
    """Return regions above the low threshold that exceed the high one somewhere, numbered from 1."""
    strong = level > high
    if not strong.any():
        return np.zeros(level.shape, np.int32)
    labels, count = ndimage.label(level > low, _ANY)
    peaks = np.zeros(count + 1, np.float32)
    np.maximum.at(peaks, labels[strong], amount[strong])
    peaks[0] = np.inf
    # Parts that are far weaker than the defect are its glow or shadow.
    body = (peaks > 0)[labels] & (amount > _BODY * peaks[labels])
    if join:
        body = _closed(body, join)
    return _numbered(np.asarray(ndimage.label(body, _ANY)[0], np.int32), _LEAST_PIXELS)


def _numbered(labels: Labels, least: int = 1) -> Labels:
    """Return the regions with at least this many cells, numbered from 1 without gaps."""
    kept = np.bincount(labels.ravel()) >= least
    kept[0] = False
    numbers = np.where(kept, np.cumsum(kept), 0).astype(np.int32)
    return np.asarray(numbers[labels], np.int32)


def _closed(mask: Flags, reach: int) -> Flags:
    side = 2 * reach + 1
    padded = np.pad(mask, reach).astype(np.uint8)
    grown = ndimage.maximum_filter(padded, size=side, mode="constant")
    shrunk = ndimage.minimum_filter(grown, size=side, mode="constant")
    return np.asarray(shrunk[reach:-reach, reach:-reach] > 0)


def _joined(labels: Labels) -> Labels:
    """Return regions with the fragments of one defect joined: close in comparison with their length."""
    places = ndimage.find_objects(labels)
    boxes = np.array([[p[0].start, p[1].start, p[0].stop, p[1].stop] for p in places])
    if not 2 <= len(boxes) <= _MOST_JOINED:
        return labels
    lengths = np.hypot(boxes[:, 2] - boxes[:, 0], boxes[:, 3] - boxes[:, 1])
    reach = np.minimum(_GAP * np.minimum(lengths[:, None], lengths), _MOST_GAP)
    apart = np.maximum(boxes[:, None, :2] - boxes[None, :, 2:], boxes[None, :, :2] - boxes[:, None, 2:])
    near = np.hypot(*np.moveaxis(np.maximum(apart, 0), -1, 0)) <= reach
    points = {}
    result = labels
    for first, second in np.argwhere(np.triu(near, 1)).tolist():
        for each in (first, second):
            if each not in points:
                points[each] = np.argwhere(labels[places[each]] == each + 1) + boxes[each, :2]
        distances = np.asarray(cKDTree(points[first]).query(points[second])[0])
        # Touching parts were split on purpose.
        if 2 < float(distances.min()) <= reach[first, second]:
            if result is labels:
                result = labels.copy()
            one, other = (int(result[tuple(points[each][0])]) for each in (first, second))
            result[result == max(one, other)] = min(one, other)
    return _numbered(result)


def _split(labels: Labels, amount: Plane) -> Labels:
    """Return regions divided at narrow necks."""
    result = labels.copy()
    following = int(labels.max(initial=0)) + 1
    for number, place in enumerate(ndimage.find_objects(labels), start=1):
        mask = labels[place] == number
        strong = mask & (amount[place] > _CORE * amount[place][mask].max())
        parts = _parts(mask, strong)
        for part in range(2, int(parts.max()) + 1):
            result[place][parts == part] = following
            following += 1
    return result


def _parts(mask: Flags, strong: Flags) -> Labels:
    """Return the parts of one region, from 1: basins of the distance to the outline, joined over wide necks.

    The outline is that of the half maximum, as blur fills necks.

    Source: watershed on the distance transform (F. Meyer, S. Beucher, "Morphological segmentation", Journal
    of Visual Communication and Image Representation 1, 1990), as implemented by scikit-image.
    """
    from skimage.segmentation import watershed

    whole = mask.astype(np.int32)
    padded = np.pad(ndimage.binary_fill_holes(strong), 1)
    depth = ndimage.distance_transform_edt(padded)[1:-1, 1:-1]
    if float(depth.max()) < _LEAST_HALF_WIDTH:
        return whole
    summit = (ndimage.maximum_filter(depth, 5) == depth) & (depth >= _LEAST_HALF_WIDTH)
    markers, count = ndimage.label(ndimage.binary_dilation(summit, _ANY) & mask, _ANY)
    if count < 2:
        return whole
    basins = np.asarray(watershed(-depth, markers, mask=mask), np.int32)  # type: ignore[no-untyped-call]
    heights = ndimage.maximum(depth, basins, np.arange(count + 1))
    parent = list(range(count + 1))

    def root(number: int) -> int:
        while parent[number] != number:
            number = parent[number]
        return number

    saddles: dict[tuple[int, int], float] = {}
    for one, other, near, far in (
        (basins[1:], basins[:-1], depth[1:], depth[:-1]),
        (basins[:, 1:], basins[:, :-1], depth[:, 1:], depth[:, :-1]),
    ):
        border = (one != other) & (one > 0) & (other > 0)
        for first, second, height in zip(
            one[border].tolist(), other[border].tolist(), np.minimum(near, far)[border].tolist(), strict=True
        ):
            pair = (min(first, second), max(first, second))
            saddles[pair] = max(saddles.get(pair, 0.0), height)
    for (first, second), height in sorted(saddles.items(), key=lambda item: (-item[1], item[0])):
        one_root, other_root = root(first), root(second)
        if one_root != other_root and height > _NECK * min(heights[one_root], heights[other_root]):
            low, high = sorted((one_root, other_root), key=lambda i: heights[i])
            parent[low] = high
    _, numbers = np.unique([root(i) if i else 0 for i in range(count + 1)], return_inverse=True)
    # A ragged scratch is a chain of many parts.
    return whole if numbers.max() > _MOST_PARTS else np.asarray(numbers[basins], np.int32)


def _objects(labels: Labels, strength: NDArray[np.floating]) -> list[DefectObject]:
    found = []
    for number, place in enumerate(ndimage.find_objects(labels), start=1):
        mask = labels[place] == number
        peak = float(strength[place][mask].max())
        found.append(DefectObject(place[0].start, place[1].start, mask, max(peak, 1.0)))
    return found
