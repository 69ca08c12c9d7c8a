"""Generated wafer images in which the kind of defect does not depend on the background."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from defect_workbench.core.arrays import Flags, Floats, Pixels
from defect_workbench.sample import synthetic
from defect_workbench.sample.synthetic import Look, Painter, Scene
from tests.quality.labelled import seed_of

# Increase this when the same seed gives other images.
VERSION = 1
PER_PAIR = 10
CLEAN_PER_BACKGROUND = 25
# The mask is where the defect adds this many grey levels, or pixels of height.
_VISIBLE_LEVELS = 6.0
_VISIBLE_HEIGHT = 0.5


def lines_across(scene: Scene) -> None:
    """A clean line/space pattern with horizontal lines."""
    synthetic.lines(scene)
    scene.height, scene.material = scene.height.T.copy(), scene.material.T.copy()


def holes(scene: Scene) -> None:
    """A clean square array of contact holes."""
    rows, columns = scene.grid()
    pitch = 1.2 * float(scene.rng.uniform(*scene.look.pitch))
    phases = scene.rng.uniform(-0.5, 0.5, 2)
    y, x = (
        (position / pitch + phase - np.round(position / pitch + phase)) * pitch
        for position, phase in zip((rows, columns), phases, strict=True)
    )
    inside = synthetic.soft(0.27 * pitch - np.hypot(y, x), 1.0)
    scene.height -= 4 * inside
    scene.material -= 40 * inside


def rough(scene: Scene) -> None:
    """An unpatterned, coarse-grained film without a defect."""
    grains = scene.smooth_noise(scene.look.size / 45)
    scene.height += 1.2 * grains
    scene.material += 9 * grains


KINDS: Mapping[str, Painter] = {
    "clean": synthetic.clean,
    "small-particle": synthetic.small_particle,
    "pit": synthetic.pit,
    "scratch": synthetic.scratch,
    "residue": synthetic.residue,
}
BACKGROUNDS: Mapping[str, Painter] = {
    "blank": synthetic.clean,
    "lines": synthetic.lines,
    "across": lines_across,
    "holes": holes,
    "rough": rough,
}
_FINE = Look()
_COARSE = Look(grain=7.0, grain_scale=3.0, contrast=(0.5, 0.9), pitch=(15.0, 19.0))
_QUIET, _NOISY = (3.0, 6.0), (14.0, 22.0)


def _with_noise(look: Look, noise: tuple[float, float]) -> Look:
    return Look(look.size, look.grain, look.grain_scale, noise, look.contrast, look.pitch)


LOOKS: Mapping[str, Look] = {
    "fine-quiet": _with_noise(_FINE, _QUIET),
    "fine-noisy": _with_noise(_FINE, _NOISY),
    "coarse-quiet": _with_noise(_COARSE, _QUIET),
    "coarse-noisy": _with_noise(_COARSE, _NOISY),
}


@dataclass(frozen=True, eq=False)
class Wafer:
    """One generated image.

    Attributes
    ----------
    image, reference : (size, size) uint8
        The image, and one of the same surface without the defect, with other noise, contrast and shading.
    mask : (size, size) bool
        Where the defect is visible; all False for a clean image.
    """

    image: Pixels
    reference: Pixels
    mask: Flags


def wafer(kind: str, background: str, look: Look, seed: int) -> Wafer:
    """Return an image with a defect of a kind on a background."""
    before: list[Floats] = []
    after: list[Floats] = []

    def paint(scene: Scene) -> None:
        BACKGROUNDS[background](scene)
        before.extend((scene.height.copy(), scene.material.copy()))
        KINDS[kind](scene)
        after.extend((scene.height.copy(), scene.material.copy()))

    def repaint(scene: Scene) -> None:
        scene.height, scene.material = before[0].copy(), before[1].copy()

    image = synthetic.render(paint, np.random.default_rng([seed, 0]), look)
    reference = synthetic.render(repaint, np.random.default_rng([seed, 1]), look)
    raised, added = (np.abs(late - early) for early, late in zip(before, after, strict=True))
    return Wafer(image, reference, np.asarray((raised > _VISIBLE_HEIGHT) | (added > _VISIBLE_LEVELS)))


def background_of(path: str) -> str:
    """Return the background of an image from its relative path, `KIND/BACKGROUND_NUMBER.png`."""
    return Path(path).stem.rsplit("_", 1)[0]


def build_wafers(target: Path, look_name: str, seed: int = 0, per_pair: int = PER_PAIR) -> int:
    """Write a set of one look, and return its number of images.

    `target/images` gets one folder per kind with `per_pair` images on each background, `target/references`
    and `target/masks` the same names, and `target/clean` further images without a defect.
    """
    look = LOOKS[look_name]
    pairs = [(kind, background) for kind in KINDS for background in BACKGROUNDS]
    for kind, background in pairs:
        for number in range(per_pair):
            made = wafer(kind, background, look, seed_of(seed, look_name, kind, background, number))
            name = f"{kind}/{background}_{number:03d}.png"
            _write(target / "images" / name, made.image)
            _write(target / "references" / name, made.reference)
            _write(target / "masks" / name, (255 * made.mask).astype(np.uint8))
    for background in BACKGROUNDS:
        for number in range(CLEAN_PER_BACKGROUND):
            made = wafer("clean", background, look, seed_of(seed, look_name, "extra", background, number))
            _write(target / "clean" / f"{background}_{number:03d}.png", made.image)
    return per_pair * len(pairs)


def _write(path: Path, pixels: Pixels) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path)


def write_mostly_clean(folder: Path) -> Path:
    """Small defects on three backgrounds, and twice as many clean images."""
    folder.mkdir()
    for kind, count in (("clean", 24), ("scratch", 4), ("residue", 4), ("pit", 4)):
        for number in range(count):
            made = wafer(kind, ("lines", "holes", "blank")[number % 3], LOOKS["fine-quiet"], number)
            Image.fromarray(made.image).save(folder / f"{kind}_{number:02d}.png")
    return folder
