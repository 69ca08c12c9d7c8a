"""Count the defects of generated wafers with known numbers of defects, clean ones included.

    python -m tests.quality.counting [--images 20] [--seed 0]

Prints, for each background, with and without golden references: the share of exact counts, the mean absolute
error, and the share of clean images without any detection.
"""

from __future__ import annotations

import argparse
import time
from dataclasses import dataclass, replace

import numpy as np

from defect_workbench.core.arrays import Floats, Pixels
from defect_workbench.engine.detection.finder import find_defects
from defect_workbench.sample import synthetic
from defect_workbench.sample.synthetic import Look, Scene
from tests.quality.labelled import seed_of
from tests.quality.wafers import BACKGROUNDS

# Each defect lies in a cell of its own.
CELLS, CELL = 3, 150
MOST = 6
MODERATE = Look(size=CELLS * CELL)
KINDS = (synthetic.small_particle, synthetic.pit)


@dataclass(frozen=True, eq=False)
class CountedWafer:
    """An image, one of the same surface without defects, and the number of defects."""

    image: Pixels
    reference: Pixels
    count: int


def counted_wafer(background: str, count: int, seed: int, look: Look = MODERATE) -> CountedWafer:
    """Return an image with a number of particles and pits on a background."""
    clean: list[Floats] = []

    def paint(scene: Scene) -> None:
        BACKGROUNDS[background](scene)
        clean.extend((scene.height.copy(), scene.material.copy()))
        for cell in scene.rng.permutation(CELLS * CELLS)[:count].tolist():
            part = Scene(replace(look, size=CELL), scene.rng)
            KINDS[int(scene.rng.integers(len(KINDS)))](part)
            top, left = (CELL * place for place in divmod(cell, CELLS))
            scene.height[top : top + CELL, left : left + CELL] += part.height
            scene.material[top : top + CELL, left : left + CELL] += part.material

    def repaint(scene: Scene) -> None:
        scene.height, scene.material = clean[0].copy(), clean[1].copy()

    image = synthetic.render(paint, np.random.default_rng([seed, 0]), look)
    return CountedWafer(image, synthetic.render(repaint, np.random.default_rng([seed, 1]), look), count)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.quality.counting",
        description=__doc__,
        formatter_class=argparse.RawTextHelpFormatter,
    )
    parser.add_argument("--images", type=int, default=20, help="images per background and kind of noise")
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    looks = {"moderate noise": MODERATE, "strong noise": replace(MODERATE, noise=(14.0, 22.0))}
    print(
        "| noise | background | references | exact | mean absolute error | clean images empty | s per image |"
    )
    print("|---|---|---|---|---|---|---|")
    for look_name, look in looks.items():
        for with_reference in (True, False):
            everything = []
            for background in (*BACKGROUNDS, "all"):
                rows = []
                for number in range(args.images if background != "all" else 0):
                    # Half of the images are clean.
                    seed = seed_of(args.seed, look_name, background, number)
                    count = number % 2 * (1 + number // 2 % MOST)
                    made = counted_wafer(background, count, seed, look)
                    started = time.perf_counter()
                    found = len(find_defects(made.image, made.reference if with_reference else None))
                    rows.append((count, found, time.perf_counter() - started))
                everything += rows
                print(_row(look_name, background, with_reference, rows or everything))


def _row(look: str, background: str, with_reference: bool, rows: list[tuple[int, int, float]]) -> str:
    table = np.array(rows)
    off = np.abs(table[:, 1] - table[:, 0])
    clean = table[:, 0] == 0
    cells = (f"{(off == 0).mean():.2f}", f"{off.mean():.2f}", f"{(off[clean] == 0).mean():.3f}")
    words = (look, background, "yes" if with_reference else "no", *cells, f"{table[:, 2].mean():.2f}")
    return "| " + " | ".join(words) + " |"


if __name__ == "__main__":
    main()
