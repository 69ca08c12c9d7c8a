"""Periodic patterns: lines and spaces, arrays of contacts.

The strongest sharp peak of the spectrum gives the period; a second one in another direction makes it a
lattice. Folding the image by the period gives many pixels at each position of the period. Their median is the
pattern, and their scatter is how far a pixel may deviate without being a defect (docs/adr/0012).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy import fft, ndimage

from defect_workbench.engine.preprocessing.background import sample

Plane = NDArray[np.float32]

_FEWEST_PERIODS = 4.0
_SHORTEST = 3.0
_LARGEST = 320


@dataclass(frozen=True)
class Evidence:
    """What it takes to call a pattern periodic.

    Attributes
    ----------
    prominence : float
        Power of a peak of the spectrum, divided by that around it.
    explained : float
        `Pattern.explained`.
    better : float
        How much more a pattern of another period, or of two directions, must explain.
    """

    prominence: float
    explained: float
    better: float


CLEAR = Evidence(60.0, 0.25, 0.08)
# Beside a large defect, or under noise, even a clear pattern explains little. By chance, folding explains
# about 0.03, as each position of the period has at least 16 pixels.
FAINT = Evidence(15.0, 0.08, 0.03)


@dataclass(frozen=True)
class Pattern:
    """The periodic pattern of an image.

    Attributes
    ----------
    frequencies : tuple of (float, float)
        One or two, in cycles per pixel, along rows (down) and columns (right).
    values : (height, width) float32
        The pattern itself, of median 0.
    scatter : (height, width) float32
        Robust standard deviation of the pixels at the same position of the period, in grey levels.
    explained : float
        Share of the mean absolute deviation that subtracting the pattern removes.
    prominence : float
        Power of the strongest peak of the spectrum, divided by that around it.
    """

    frequencies: tuple[tuple[float, float], ...]
    values: Plane
    scatter: Plane
    explained: float
    prominence: float = 0.0

    @property
    def pitch(self) -> float:
        """The shortest period, in pixels."""
        return 1 / max(float(np.hypot(*f)) for f in self.frequencies)

    @property
    def is_clear(self) -> bool:
        """Whether the evidence is `CLEAR`."""
        return self.prominence >= CLEAR.prominence and self.explained >= CLEAR.explained


def find_pattern(values: Plane, evidence: Evidence = CLEAR) -> Pattern | None:
    """Return the periodic pattern of an image without shading; None if nothing repeats.

    Parameters
    ----------
    values : (height, width) float32
    evidence : Evidence
        What is required of a pattern.
    """
    # A smaller image shows the same frequencies; only very fine patterns are lost.
    step = step_of(values.shape, _LARGEST)
    small = reduced(values, step)
    peaks, strongest = _peaks(small, evidence.prominence)
    if not peaks:
        return None
    first = _scaled(peaks[0], step)
    candidates: list[tuple[tuple[float, float], ...]] = [(first,)]
    half = (first[0] / 2, first[1] / 2)
    if _periods(half, values.shape) >= _FEWEST_PERIODS:
        candidates.append((half,))
    candidates += [(first, _scaled(second, step)) for second in peaks[1:]]
    if len(candidates) > 1:
        # A third of the rows is enough for the choice.
        shares = [_fold(values[::3], tuple((3 * f[0], f[1]) for f in c)).explained for c in candidates]
        best = 0
        for index in range(1, len(candidates)):
            best = index if shares[index] > shares[best] + evidence.better else best
        candidates = [candidates[best]]
    pattern = replace(_fold(values, candidates[0]), prominence=strongest)
    return pattern if pattern.explained >= evidence.explained else None


def step_of(shape: tuple[int, ...], largest: int) -> int:
    """Return how many pixels to average along each side so that the longer one is at most `largest`.

    It is at most the shorter side, so that line scans and stitched strips keep at least one row.
    """
    return min(-(-max(shape) // largest), min(shape))


def reduced(values: Plane, step: int) -> Plane:
    """Return the means of squares of `step` pixels; rows and columns left over are ignored.

    Parameters
    ----------
    values : (height, width) float32

    Returns
    -------
    (height // step, width // step) float32
    """
    if step == 1:
        return values
    rows, columns = values.shape[0] // step, values.shape[1] // step
    part = values[: rows * step, : columns * step].reshape(rows, step, columns, step)
    return np.asarray(part.mean(axis=(1, 3)), dtype=np.float32)


def _scaled(frequency: tuple[float, float], step: int) -> tuple[float, float]:
    return frequency[0] / step, frequency[1] / step


def _periods(frequency: tuple[float, float], shape: tuple[int, ...]) -> float:
    return abs(frequency[0]) * shape[0] + abs(frequency[1]) * shape[1]


def _peaks(small: Plane, least: float) -> tuple[list[tuple[float, float]], float]:
    """Return the strongest peaks of the spectrum in up to two directions, and the prominence of the first.

    Only sharp peaks count, which are far above the surroundings. A periodic pattern gives a single point in
    the spectrum; a scratch or a rough background gives ridges and hills.
    """
    height, width = small.shape
    window = np.outer(np.hanning(height), np.hanning(width)).astype(np.float32)
    limit = 4 * float(np.abs(small).mean()) + 1e-6
    tapered = (np.clip(small, -limit, limit) - small.mean()) * window
    power = np.abs(fft.fft2(tapered)) ** 2
    down = np.fft.fftfreq(height).astype(np.float32)[:, None]
    right = np.fft.fftfreq(width).astype(np.float32)[None, :]
    usable = (np.abs(down) * height + np.abs(right) * width >= _FEWEST_PERIODS) & (
        down**2 + right**2 <= 1 / _SHORTEST**2
    )
    ranked = np.where(usable, power, 0)
    peaks: list[tuple[float, float]] = []
    strongest = 0.0
    for _ in range(2):
        row, column = (int(i) for i in np.unravel_index(int(ranked.argmax()), ranked.shape))
        # A small image may have no usable frequencies.
        if not usable[row, column] or (prominence := _prominence(power, row, column)) < least:
            break
        strongest = strongest or prominence
        f = (float(down[row, 0]), float(right[0, column]))
        peaks.append(_refined(tapered, f))
        same_direction = np.abs(down * f[1] - right * f[0]) < 0.26 * np.hypot(down, right) * np.hypot(*f)
        ranked[same_direction] = 0
    return peaks, strongest


def _prominence(power: Plane, row: int, column: int) -> float:
    """Return a peak divided by the mean of the ring around it; the taper spreads a point over five bins."""
    reach = np.arange(-5, 6)
    square = power[np.ix_((row + reach) % power.shape[0], (column + reach) % power.shape[1])]
    ring = np.maximum.outer(np.abs(reach), np.abs(reach)) > 2
    return float(power[row, column]) / max(float(square[ring].mean()), 1e-9)


def _refined(tapered: Plane, frequency: tuple[float, float]) -> tuple[float, float]:
    """Return the position of a peak between the bins of the spectrum, by three rounds of finer sampling."""
    height, width = tapered.shape
    rows, columns = np.arange(height), np.arange(width)
    f, reach = frequency, 0.5
    offsets = np.linspace(-1, 1, 5)
    for _ in range(3):
        down, right = f[0] + offsets * reach / height, f[1] + offsets * reach / width
        left = np.exp(-2j * np.pi * down[:, None] * rows)
        response = np.abs(left @ tapered @ np.exp(-2j * np.pi * columns[:, None] * right))
        row, column = np.unravel_index(int(response.argmax()), response.shape)
        f, reach = (float(down[row]), float(right[column])), reach / 2.5
    return f


def _fold(values: Plane, frequencies: tuple[tuple[float, float], ...]) -> Pattern:
    """Return median and scatter of the pixels at the same position of the period, as a pattern."""
    height, width = values.shape
    rows = np.arange(height, dtype=np.float32)[:, None]
    columns = np.arange(width, dtype=np.float32)[None, :]
    sides = []
    for down, right in frequencies:
        pitch = 1 / max(abs(down), abs(right))
        sides.append(int(np.clip(round(1.5 * pitch), 4, 96)))
    if len(sides) == 2:
        shrink = min(1.0, float(np.sqrt(values.size / 16 / (sides[0] * sides[1]))))
        sides = [max(4, int(side * shrink)) for side in sides]
    places = []
    for (down, right), side in zip(frequencies, sides, strict=True):
        cycles = rows * np.float32(down) + columns * np.float32(right)
        places.append((cycles - np.floor(cycles)) * side)
    bins = np.minimum(places[0].astype(np.int32), sides[0] - 1)
    if len(sides) == 2:
        bins = bins * sides[1] + np.minimum(places[1].astype(np.int32), sides[1] - 1)
    middle, scatter = _bin_quartiles(values, bins, tuple(sides))
    if len(sides) == 1:
        lower = np.floor(places[0] - 0.5)
        share = places[0] - 0.5 - lower
        lower = lower.astype(np.int32) % sides[0]
        fine = middle[lower] * (1 - share) + middle[(lower + 1) % sides[0]] * share
    else:
        positions = np.stack([place - 0.5 for place in places])
        fine = ndimage.map_coordinates(middle.reshape(sides), positions, order=1, mode="grid-wrap")
    wide = ndimage.maximum_filter(scatter.reshape(sides), size=3, mode="wrap")
    spread = wide.ravel()[bins]
    before = float(np.abs(values - np.median(sample(values))).mean())
    after = float(np.abs(values - fine).mean())
    explained = 1 - after / before if before > 0 else 0.0
    fine = (fine - np.median(sample(fine))).astype(np.float32)
    return Pattern(frequencies, fine, spread.astype(np.float32), explained)


def _bin_quartiles(values: Plane, bins: NDArray[np.int32], sides: tuple[int, ...]) -> tuple[Plane, Plane]:
    """Return median and robust deviation of the values in each bin, by sorting bin and value together.

    If the pitch is a whole number of pixels, some bins are empty; they get the value of the nearest bin.
    """
    count = int(np.prod(sides))
    levels = np.clip(np.rint(values * 16), -32000, 32000).astype(np.int64) + 32768
    order = np.sort((bins.astype(np.int64) << 16 | levels).ravel())
    edges = np.searchsorted(order >> 16, np.arange(count + 1))
    sizes = np.maximum(np.diff(edges), 1)
    ordered = ((order & 0xFFFF) - 32768).astype(np.float32) / 16

    def quantile(share: float) -> Plane:
        where = np.minimum(edges[:-1] + (sizes * share).astype(np.int64), len(ordered) - 1)
        return np.asarray(ordered[where], np.float32)

    middle, scatter = quantile(0.5), (quantile(0.75) - quantile(0.25)) / np.float32(1.349)
    empty = np.diff(edges) == 0
    if empty.any():
        around = np.pad(empty.reshape(sides), [(side, side) for side in sides], mode="wrap")
        nearest = ndimage.distance_transform_edt(around, return_distances=False, return_indices=True)
        inner = tuple(slice(side, 2 * side) for side in sides)
        places = [axis[inner] % side for axis, side in zip(nearest, sides, strict=True)]
        source = np.ravel_multi_index(places, sides).ravel()
        middle, scatter = middle[source], scatter[source]
    return middle, scatter
