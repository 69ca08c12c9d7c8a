"""Noise removed from an image without background, so that only what stands out is left.

The image is split into bands of one octave and one of eight directions each. A defect gives few strong
coefficients in some of them: a scratch in fine bands along it, a film in coarse ones. A round defect gives
moderate ones in all directions at one place. Noise and the grain of a surface give many weak ones, whose
spread in each band is what all are compared with.

Sources: the steerable pyramid (E. P. Simoncelli, W. T. Freeman, ICIP 1995), and the non-negative garrote as
the rule of shrinkage (H.-Y. Gao, Journal of Computational and Graphical Statistics 7, 1998).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from math import factorial

import numpy as np
from numpy.typing import NDArray
from scipy import fft

from defect_workbench.engine.preprocessing.background import Plane, median_and_spread

_DIRECTIONS = 8
# Coefficients below this many standard deviations of the noise are removed.
_THRESHOLD = 3.5
# All directions of an octave are also judged together, by their root mean square at a place. White noise
# exceeds this at one of 1,000 places, and the other with six of 10,000 coefficients.
_JOINT_THRESHOLD = 2.4
_EDGE = 32
# The finest octave, below four pixels, is left out as noise. Of the others, the finest has wavelengths from
# four to eight pixels, and the coarsest up to a third or so of the shorter side.
_FINEST = 0.25
_SIDE_PER_WAVE, _MOST_OCTAVES = 14, 6
# The coarsest octave has too few coefficients to measure its noise, which is at most as dense as that of the
# next finer one, but for chance.
_MOST_DENSITY = 1.15

Spectrum = NDArray[np.complex64]


@dataclass(frozen=True, eq=False)
class _Band:
    """Gains of one octave in each direction, for the part of the spectrum that it needs.

    Attributes
    ----------
    gains : tuple of (rows, columns) float32
    norms : tuple of float
        Standard deviation of each band of white noise of unit standard deviation.
    """

    gains: tuple[Plane, ...]
    norms: tuple[float, ...]


def without_noise(image: Plane, *, jointly: bool = True) -> Plane:
    """Return what stands out in an image from its noise.

    Parameters
    ----------
    image : (height, width) float32
        Without background and pattern, around 0.
    jointly : bool
        Whether coefficients also stay for the sake of the other directions at their place.

    Returns
    -------
    (height, width) float32
        In the same unit; almost 0 where there is nothing but noise.
    """
    octaves = int(np.clip(np.log2(min(image.shape) / _SIDE_PER_WAVE), 1, _MOST_OCTAVES))
    unit = 2 ** (octaves - 1)
    shape = tuple(-(-(side + 2 * _EDGE) // (2 * unit)) * 2 * unit for side in image.shape)
    ends = [total - side - _EDGE for total, side in zip(shape, image.shape, strict=True)]
    padded = np.pad(image, [(_EDGE, end) for end in ends], mode="symmetric")
    spectrum: Spectrum = np.asarray(fft.rfft2(padded), np.complex64)
    bands, rest = _bands(shape[0], shape[1], octaves)
    kept = np.zeros_like(spectrum)
    density = np.inf
    for number, band in enumerate(bands):
        shrink = 2**number
        coarsest = number == octaves - 1
        limit = density if coarsest else np.inf
        density = _add_kept(kept, spectrum, band, image.shape, shrink, limit, jointly)
    _add_kept(kept, spectrum, rest, image.shape, 1, density, False)
    values = fft.irfft2(kept, s=shape)[_EDGE : _EDGE + image.shape[0], _EDGE : _EDGE + image.shape[1]]
    return np.asarray(values, np.float32)


def _add_kept(
    kept: Spectrum,
    spectrum: Spectrum,
    band: _Band,
    inner: tuple[int, ...],
    shrink: int,
    density: float,
    jointly: bool,
) -> float:
    """Add what stands out in one octave to a spectrum; return the median density of its noise.

    Parameters
    ----------
    inner : (int, int)
        Height and width of the image without its edge.
    shrink : int
        Pixels per coefficient, along each side.
    density : float
        An upper limit, but for chance.
    jointly : bool
        As in `without_noise`.
    """
    rows, columns = band.gains[0].shape
    # An octave has only low frequencies of those of the image, so that fewer coefficients hold it.
    part = np.concatenate([spectrum[: rows // 2, :columns], spectrum[-(rows // 2) :, :columns]])
    total = np.zeros_like(part)
    place = tuple(slice(_EDGE // shrink, -(-(_EDGE + side) // shrink)) for side in inner)
    coefficients, spreads, densities = [], [], []
    for gain, norm in zip(band.gains, band.norms, strict=True):
        values = fft.irfft2(part * gain, s=(rows, 2 * (columns - 1))) / np.float32(shrink**2)
        middle, spread = median_and_spread(values[place])
        spread = min(spread, _MOST_DENSITY * density * norm)
        densities.append(spread / max(norm, 1e-9))
        coefficients.append(values - np.float32(middle))
        spreads.append(spread)
    for values, gain in zip(_shrunk(coefficients, spreads, jointly), band.gains, strict=True):
        total += fft.rfft2(values) * gain
    total *= shrink**2
    kept[: rows // 2, :columns] += total[: rows // 2]
    kept[-(rows // 2) :, :columns] += total[rows // 2 :]
    return float(np.median(densities))


def _shrunk(coefficients: list[Plane], spreads: list[float], jointly: bool) -> Iterator[Plane]:
    """Yield the coefficients of each direction of an octave, shrunk by the noise."""
    least = np.zeros_like(coefficients[0])
    if jointly:
        squares = [(v / np.float32(max(s, 1e-6))) ** 2 for v, s in zip(coefficients, spreads, strict=True)]
        least = _garrote(np.mean(squares, axis=0), _JOINT_THRESHOLD)
    for values, spread in zip(coefficients, spreads, strict=True):
        yield values * np.maximum(least, _garrote(values**2, _THRESHOLD * spread))


def _garrote(squares: Plane, threshold: float) -> Plane:
    """Return the share that stays of coefficients with these squares."""
    ratio = np.float32(threshold**2) / np.maximum(squares, np.float32(1e-12))
    return np.asarray(np.maximum(0, 1 - ratio), np.float32)


@lru_cache(maxsize=4)
def _bands(height: int, width: int, octaves: int) -> tuple[tuple[_Band, ...], _Band]:
    """Return the octaves from fine to coarse, and the rest below them; the squares of all gains sum to 1."""
    bands = []
    for number in range(octaves):
        shrink = 2**number
        down = fft.fftfreq(height // shrink).astype(np.float32)[:, None] / shrink
        right = fft.rfftfreq(width // shrink).astype(np.float32)[None, :] / shrink
        angle = np.arctan2(down, right)
        octave = np.log2(np.maximum(np.hypot(down, right), 1e-9) / _FINEST) + number
        ring = np.sqrt(np.maximum(_below(octave) ** 2 - _below(octave + 1) ** 2, 0))
        gains = [ring * _towards(angle, index) for index in range(_DIRECTIONS)]
        bands.append(_band(gains, height * width))
    down, right = fft.fftfreq(height)[:, None], fft.rfftfreq(width)[None, :]
    octave = np.log2(np.maximum(np.hypot(down, right), 1e-9) / _FINEST) + octaves
    return tuple(bands), _band([_below(octave)], height * width)


def _below(octave: Plane) -> Plane:
    """Return gains that fall from 1 to 0 over the octave below 0."""
    return np.asarray(np.cos(np.pi / 2 * np.clip(octave + 1, 0, 1)), np.float32)


def _towards(angle: Plane, index: int) -> Plane:
    order = _DIRECTIONS - 1
    scale = 2**order * factorial(order) / np.sqrt(_DIRECTIONS * factorial(2 * order))
    return np.asarray(scale * np.abs(np.cos(angle - np.pi * index / _DIRECTIONS)) ** order, np.float32)


def _band(gains: list[Plane], pixels: int) -> _Band:
    # All columns but the first and the last stand for their mirror images, too.
    powers = [2 * float((g**2).sum()) - float((g[:, 0] ** 2).sum() + (g[:, -1] ** 2).sum()) for g in gains]
    return _Band(
        tuple(np.asarray(gain, np.float32) for gain in gains),
        tuple(float(np.sqrt(power / pixels)) for power in powers),
    )
