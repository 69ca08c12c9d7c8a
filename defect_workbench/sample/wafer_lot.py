"""A small generated lot of wafers: two kinds of defects have a spatial signature, the others do not."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from defect_workbench.core.arrays import Floats, Pixels
from defect_workbench.sample.synthetic import KINDS, Look, render

WAFERS = 3
DIAMETER_MM = 300.0
DIE_PITCH_UM = 18_000.0, 14_000.0
# The centre of the wafer is the centre of die (0, 0).
CENTRE_UM = 9_000.0, 7_000.0
# What lies along a scratch on the second wafer, near the edge of all, and anywhere: kinds of `KINDS`.
SCRATCHED, AT_THE_EDGE = "pit", "residue"
ANYWHERE = "large-particle", "small-particle", "bridge"
_PER_KIND = {SCRATCHED: 22, AT_THE_EDGE: 26, **dict.fromkeys(ANYWHERE, 24)}
_USABLE_UM = 147_000.0
# One instrument with fixed settings, so that a picture and its reference are comparable.
_LOOK = Look(noise=(5.0, 5.0), contrast=(1.0, 1.0), pitch=(15.0, 15.0))
_CLEAN = {"bridge": "clean-lines"}


@dataclass(frozen=True)
class LotWafer:
    """A wafer of the lot.

    Attributes
    ----------
    dies : tuple of (int, int)
        Column and row of each inspected die, those that lie wholly on the wafer.
    """

    name: str
    slot: int
    lot: str
    diameter_mm: float
    die_pitch_um: tuple[float, float]
    centre_um: tuple[float, float]
    notch: str
    dies: tuple[tuple[int, int], ...]


@dataclass(frozen=True, eq=False)
class LotDefect:
    """A defect of the lot, with its pictures.

    Attributes
    ----------
    wafer : int
        Index of its wafer.
    x_um, y_um : float
        From the centre of the wafer, x to the right and y upwards.
    die_x, die_y : int
        Column and row of its die.
    in_die_x_um, in_die_y_um : float
        From the lower left corner of the die.
    size_um : float
        Its diameter.
    kind : str
        The name in `synthetic.KINDS`.
    picture, reference : (size, size) uint8
        The defect, and the same place without it.
    """

    wafer: int
    x_um: float
    y_um: float
    die_x: int
    die_y: int
    in_die_x_um: float
    in_die_y_um: float
    size_um: float
    kind: str
    picture: Pixels
    reference: Pixels


@dataclass(frozen=True, eq=False)
class WaferLot:
    """The wafers and the defects, ordered by wafer."""

    wafers: tuple[LotWafer, ...]
    defects: tuple[LotDefect, ...]


def make_lot(seed: int = 0, side: int = 96) -> WaferLot:
    """Return a lot of 3 wafers with 120 defects.

    Parameters
    ----------
    side : int
        Of the pictures, in pixels.
    """
    rng = np.random.default_rng(seed)
    dies = _whole_dies()
    wafers = tuple(
        LotWafer(f"{number:02d}", number, "DEMO1", DIAMETER_MM, DIE_PITCH_UM, CENTRE_UM, "down", dies)
        for number in range(1, WAFERS + 1)
    )
    places = [
        (kind, place)
        for kind, count in _PER_KIND.items()
        for place in _PLACES.get(kind, _anywhere)(rng, count)
    ]
    # As an inspection lists them: wafer after wafer, from left to right.
    places.sort(key=lambda each: each[1])
    return WaferLot(wafers, tuple(_defect(rng, kind, *place, side) for kind, place in places))


_Place = tuple[int, float, float]


def _scratch(rng: np.random.Generator, count: int) -> list[_Place]:
    """Return places along a slightly bent line of 85 mm on the second wafer."""
    along = np.sort(rng.uniform(-1, 1, count)) * 42_500
    across = 4_000 * (along / 42_500) ** 2 + rng.normal(0, 350, count)
    angle = np.radians(35)
    x = 35_000 + along * np.cos(angle) - across * np.sin(angle)
    y = 30_000 + along * np.sin(angle) + across * np.cos(angle)
    return [(1, *pair) for pair in zip(x.tolist(), y.tolist(), strict=True)]


def _edge(rng: np.random.Generator, count: int) -> list[_Place]:
    return _polar(rng, rng.uniform(0.92, 1.0, count) * _USABLE_UM)


def _anywhere(rng: np.random.Generator, count: int) -> list[_Place]:
    return _polar(rng, np.sqrt(rng.uniform(0, 1, count)) * _USABLE_UM)


def _polar(rng: np.random.Generator, radius: Floats) -> list[_Place]:
    count = len(radius)
    angle = rng.uniform(0, 2 * np.pi, count)
    wafer = np.arange(count) % WAFERS
    x, y = radius * np.cos(angle), radius * np.sin(angle)
    return list(zip(wafer.tolist(), x.tolist(), y.tolist(), strict=True))


_PLACES: dict[str, Callable[[np.random.Generator, int], list[_Place]]] = {
    SCRATCHED: _scratch,
    AT_THE_EDGE: _edge,
}


def _defect(rng: np.random.Generator, kind: str, wafer: int, x: float, y: float, side: int) -> LotDefect:
    # To the resolution of a file in micrometres.
    x, y = round(x, 1), round(y, 1)
    corner_x, corner_y = x + CENTRE_UM[0], y + CENTRE_UM[1]
    die_x, die_y = int(corner_x // DIE_PITCH_UM[0]), int(corner_y // DIE_PITCH_UM[1])
    inside = corner_x - die_x * DIE_PITCH_UM[0], corner_y - die_y * DIE_PITCH_UM[1]
    picture, reference = _pictures(rng, kind, replace(_LOOK, size=side))
    size = {"large-particle": 3.2, "small-particle": 0.6, "pit": 1.4, "residue": 5.0, "bridge": 0.9}[kind]
    size_um = round(size * float(rng.uniform(0.8, 1.25)), 3)
    return LotDefect(
        wafer, x, y, die_x, die_y, round(inside[0], 1), round(inside[1], 1), size_um, kind, picture, reference
    )


def _pictures(rng: np.random.Generator, kind: str, look: Look) -> tuple[Pixels, Pixels]:
    """Return a defect, and a picture of the same pattern without it."""
    seed = int(rng.integers(2**32))
    # The same numbers for both: the pattern is drawn before the defect.
    picture = render(KINDS[kind], np.random.default_rng(seed), look)
    reference = render(KINDS[_CLEAN.get(kind, "clean")], np.random.default_rng(seed), look)
    return picture, reference


def _whole_dies() -> tuple[tuple[int, int], ...]:
    width, height = DIE_PITCH_UM
    reach = int(_USABLE_UM // min(width, height)) + 1
    dies = []
    for column in range(-reach, reach + 1):
        for row in range(-reach, reach + 1):
            sides = [column * width - CENTRE_UM[0], row * height - CENTRE_UM[1]]
            corner = [max(abs(s), abs(s + pitch)) for s, pitch in zip(sides, DIE_PITCH_UM, strict=True)]
            furthest = float(np.hypot(corner[0], corner[1]))
            if furthest <= 500 * DIAMETER_MM:
                dies.append((column, row))
    return tuple(dies)
