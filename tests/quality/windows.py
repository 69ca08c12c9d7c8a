"""Sets of windows around single defects of printed circuit boards (DeepPCB), with their references.

The boards are in `images`, the same layouts without defects in `templates`, and the boxes of the defects in
`boxes`, one line `x1 y1 x2 y2 type` per defect.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from defect_workbench.core.arrays import Pixels
from tests.quality.labelled import seed_of

# Increase this when the same boards give other windows.
VERSION = 1
SIDE = 160
REACH = 40
CLEAN_WINDOWS = 200
KINDS = {1: "open", 2: "short", 3: "mousebite", 4: "spur", 5: "copper", 6: "pin-hole"}
_ATTEMPTS = 20


@dataclass(frozen=True)
class Box:
    """The bounding box of one defect, in pixels, ends excluded, and its type."""

    left: int
    top: int
    right: int
    bottom: int
    kind: int

    def overlaps(self, left: int, top: int) -> bool:
        """Return whether a window with this corner shows a part of the defect."""
        return left < self.right and self.left < left + SIDE and top < self.bottom and self.top < top + SIDE

    def is_inside(self, left: int, top: int) -> bool:
        """Return whether a window with this corner shows the whole defect."""
        return (
            left <= self.left and self.right <= left + SIDE and top <= self.top and self.bottom <= top + SIDE
        )


def read_boxes(path: Path) -> list[Box]:
    """Return the defects of a board."""
    lines = path.read_text(encoding="utf-8").splitlines()
    return [Box(*(int(number) for number in line.split())) for line in lines if line.strip()]


def window_around(
    boxes: Sequence[Box], index: int, shape: tuple[int, int], seed: int
) -> tuple[int, int] | None:
    """Return the left and top of a window that shows one defect alone; None if no attempt found one.

    Its centre is at most `REACH` pixels from the centre of the defect in each direction, except where the
    edge of the board requires more.
    """
    rng, box = np.random.default_rng(seed), boxes[index]
    height, width = shape
    for _ in range(_ATTEMPTS):
        right, down = rng.integers(-REACH, REACH + 1, 2).tolist()
        left = min(max((box.left + box.right - SIDE) // 2 + right, 0), width - SIDE)
        top = min(max((box.top + box.bottom - SIDE) // 2 + down, 0), height - SIDE)
        others = [other for number, other in enumerate(boxes) if number != index]
        if box.is_inside(left, top) and not any(other.overlaps(left, top) for other in others):
            return left, top
    return None


def build_windows(boards: Path, target: Path, seed: int = 0) -> int:
    """Write the windows of all boards, and return their number.

    `target/images` gets one folder per type, `target/references` the windows of the templates and
    `target/masks` those of the boxes under the same names, `target/clean` windows of templates elsewhere.
    """
    count = 0
    boards_with_boxes = sorted((boards / "boxes").glob("*.txt"))
    for path in boards_with_boxes:
        image = _pixels(boards / "images" / f"{path.stem}.jpg")
        template = _pixels(boards / "templates" / f"{path.stem}.jpg")
        boxes = read_boxes(path)
        for index, box in enumerate(boxes):
            corner = window_around(boxes, index, image.shape[:2], seed_of(seed, path.stem, index))
            if corner is None:
                continue
            name = f"{KINDS[box.kind]}/{path.stem}_{index:02d}.png"
            mask = np.zeros_like(image)
            mask[box.top : box.bottom, box.left : box.right] = 255
            for folder, pixels in (("images", image), ("references", template), ("masks", mask)):
                _write(target / folder / name, _window(pixels, *corner))
            count += 1
    if boards_with_boxes:
        _write_clean(boards / "templates", target / "clean", seed)
    return count


def _write_clean(templates: Path, target: Path, seed: int) -> None:
    paths = sorted(templates.glob("*.jpg"))
    for number in range(CLEAN_WINDOWS):
        rng = np.random.default_rng(seed_of(seed, "clean", number))
        path = paths[number % len(paths)]
        pixels = _pixels(path)
        top, left = (int(rng.integers(0, side - SIDE + 1)) for side in pixels.shape[:2])
        _write(target / f"{path.stem}_{number:03d}.png", _window(pixels, left, top))


def _window(pixels: Pixels, left: int, top: int) -> Pixels:
    return pixels[top : top + SIDE, left : left + SIDE]


def _pixels(path: Path) -> Pixels:
    with Image.open(path) as image:
        return np.asarray(image.convert("L"))


def _write(path: Path, pixels: Pixels) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path)
