"""Generated boards with defects of known kinds, and their golden references."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image
from scipy import ndimage

from defect_workbench.core.arrays import Floats, Pixels

HEIGHT, WIDTH = 220, 300
DARK, BRIGHT = 70.0, 170.0
# What the finder must say of each: brighter or darker, its own and the replaced grey level around it.
CHANGES = {
    "island": (1, 0, 1),
    "spur": (1, 1, 1),
    "bridge": (1, 2, 2),
    "hole": (-1, 0, 1),
    "bite": (-1, 1, 1),
    "break": (-1, 2, 2),
}


@dataclass(frozen=True, eq=False)
class PatternedBoard:
    """An image, its golden reference, and the (row, column) of the defect of each kind."""

    image: Pixels
    reference: Pixels
    places: dict[str, tuple[int, int]]


def patterned_board(kinds: Sequence[str] = tuple(CHANGES), seed: int = 0) -> PatternedBoard:
    """Return a board of wide bright lines with one defect of each of some kinds, each in its own column."""
    rng = np.random.default_rng(seed)
    clean = np.full((HEIGHT, WIDTH), DARK)
    for top in range(20, HEIGHT - 30, 56):
        clean[top : top + 28] = BRIGHT
    image, places = clean.copy(), {}
    for number, kind in enumerate(kinds):
        column = 30 + 46 * number + int(rng.integers(-3, 4))
        # A line covers the rows 76 to 103; the gap below it ends at 131.
        row, _ = places[kind] = {
            "island": (118, column), "spur": (106, column), "bridge": (118, column),
            "hole": (90, column), "bite": (78, column), "break": (90, column),
        }[kind]  # fmt: skip
        value = BRIGHT if kind in ("island", "spur", "bridge") else DARK
        reach = 17 if kind in ("bridge", "break") else 5
        image[row - reach : row + reach, column - 5 : column + 5] = value
    return PatternedBoard(_rendered(image, rng), _rendered(clean, rng), places)


def _rendered(plane: Floats, rng: np.random.Generator) -> Pixels:
    noisy = ndimage.gaussian_filter(plane, 0.8) + rng.normal(0, 3, plane.shape)
    return np.asarray(np.clip(np.rint(noisy), 0, 255), np.uint8)


def write_boards(root: Path, lots: Mapping[str, Sequence[str]]) -> Path:
    """Write `images/NAME.png` with defects of some kinds, and `golden/NAME.png`; return the folder."""
    for seed, (name, kinds) in enumerate(lots.items()):
        made = patterned_board(kinds, seed)
        for folder, pixels in (("images", made.image), ("golden", made.reference)):
            path = root / folder / f"{name}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(pixels).save(path)
    return root
