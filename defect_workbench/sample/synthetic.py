"""Synthetic SEM images of defects: the sample set, and sets for tests with other seeds and textures.

An image is a height map rendered as a secondary-electron detector would record it: brightness depends on
the material, edges are bright, one side is in shadow, and noise, defocus and shading are added.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from PIL import Image
from scipy import ndimage

from defect_workbench.core.arrays import Floats, Pixels


@dataclass(frozen=True)
class Look:
    """The appearance of instrument and wafer; the defaults are those of the sample set.

    Attributes
    ----------
    size : int
        Side of the square image, in pixels.
    grain : float
        Amplitude of the background's roughness, in grey levels.
    grain_scale : float
        Its correlation length, in pixels.
    noise : tuple of float
        Range of the standard deviation of the detector noise, in grey levels.
    contrast : tuple of float
        Range of the factor on everything but the background level.
    pitch : tuple of float
        Range of the period of line/space patterns, in pixels.
    """

    size: int = 224
    grain: float = 3.0
    grain_scale: float = 1.2
    noise: tuple[float, float] = (4.0, 9.0)
    contrast: tuple[float, float] = (0.75, 1.25)
    pitch: tuple[float, float] = (26.0, 30.0)


@dataclass
class Scene:
    """The surface that an image is rendered from.

    Attributes
    ----------
    height : (size, size) float64
        Topography, in pixels.
    material : (size, size) float64
        Grey levels added by the material.
    """

    look: Look
    rng: np.random.Generator
    height: Floats = field(init=False)
    material: Floats = field(init=False)

    def __post_init__(self) -> None:
        shape = (self.look.size, self.look.size)
        self.height, self.material = np.zeros(shape), np.zeros(shape)

    def grid(self) -> tuple[Floats, Floats]:
        """Return row and column of each pixel, (side, side) each, relative to the centre."""
        rows, columns = np.mgrid[: self.look.size, : self.look.size].astype(np.float64)
        return rows - self.look.size / 2, columns - self.look.size / 2

    def place(self, reach: float = 0.22) -> tuple[float, float]:
        """Return a random position near the centre, where a review tool places the defect."""
        limit = reach * self.look.size
        return float(self.rng.uniform(-limit, limit)), float(self.rng.uniform(-limit, limit))

    def smooth_noise(self, scale: float) -> Floats:
        """Return noise, (side, side), of unit standard deviation and the given correlation length."""
        raw = ndimage.gaussian_filter(self.rng.standard_normal(self.height.shape), scale, mode="wrap")
        return np.asarray(raw / raw.std())


def soft(values: Floats, width: float) -> Floats:
    """Return a step from 0 to 1 where `values` crosses 0, `width` pixels wide."""
    return np.asarray(1 / (1 + np.exp(-np.clip(values / width, -40, 40))))


def _blob(scene: Scene, radius: float, roughness: float, centre: tuple[float, float]) -> Floats:
    """Return a field like a signed distance from a roundish outline: positive inside, in pixels."""
    rows, columns = scene.grid()
    y, x = rows - centre[0], columns - centre[1]
    angle = np.arctan2(y, x)
    outline = np.full_like(angle, radius)
    for order in range(2, 7):
        amplitude = scene.rng.normal(0, roughness * radius / order)
        outline += amplitude * np.cos(order * angle + scene.rng.uniform(0, 2 * np.pi))
    return np.asarray(outline - np.hypot(x, y))


def _particle(scene: Scene, radius: float, roughness: float) -> None:
    inside = _blob(scene, radius, roughness, scene.place())
    body = np.sqrt(np.clip(inside / radius, 0, None))
    scene.height += radius * 0.9 * body + 0.05 * radius * soft(inside, 2) * scene.smooth_noise(radius / 7)
    scene.material += 26 * soft(inside, 1.5)


def large_particle(scene: Scene) -> None:
    """One rough particle, a fifth to a third of the field of view wide."""
    _particle(scene, scene.look.size * float(scene.rng.uniform(0.14, 0.21)), 0.25)


def small_particle(scene: Scene) -> None:
    """One small bright particle."""
    _particle(scene, scene.look.size * float(scene.rng.uniform(0.028, 0.045)), 0.12)


def pit(scene: Scene) -> None:
    """A round hole with a bright rim."""
    radius = scene.look.size * float(scene.rng.uniform(0.06, 0.1))
    inside = _blob(scene, radius, 0.05, scene.place())
    scene.height -= radius * 0.8 * soft(inside, 1.5)
    scene.material -= 62 * soft(inside, 2.0)


def scratch(scene: Scene) -> None:
    """One or two long grooves, slightly bent."""
    rows, columns = scene.grid()
    angle = scene.rng.uniform(0, np.pi)
    along = columns * np.cos(angle) + rows * np.sin(angle)
    across = rows * np.cos(angle) - columns * np.sin(angle)
    bend = scene.rng.normal(0, 0.0012)
    for offset in scene.rng.uniform(-0.15, 0.15, scene.rng.integers(1, 3)) * scene.look.size:
        line = across - offset - bend * along**2
        width = scene.rng.uniform(1.2, 2.4)
        groove = np.exp(-((line / width) ** 2))
        ends = soft(scene.look.size * scene.rng.uniform(0.4, 0.6) - np.abs(along), 4)
        scene.height -= 5 * groove * ends
        scene.material += ends * (30 * np.exp(-(((np.abs(line) - 2 * width) / width) ** 2)) - 34 * groove)


def residue(scene: Scene) -> None:
    """A thin dark film with a ragged outline."""
    rows, columns = scene.grid()
    centre = scene.place(0.1)
    reach = scene.look.size * scene.rng.uniform(0.24, 0.34)
    fall = 1 - np.hypot(rows - centre[0], columns - centre[1]) / reach
    film = soft(fall + 0.45 * scene.smooth_noise(scene.look.size / 18), 0.05)
    scene.material -= 34 * film
    scene.material += film * 5 * scene.smooth_noise(3)
    scene.height += 0.8 * film


def lines(scene: Scene) -> None:
    """A clean line/space pattern with line-edge roughness."""
    _line_space(scene)


def bridge(scene: Scene) -> None:
    """Resist joining two neighbouring lines."""
    pitch, phase = _line_space(scene)
    rows, columns = scene.grid()
    # The gap nearest to the centre, or its left or right neighbour.
    gap = (0.5 + scene.rng.integers(-1, 2)) * pitch - phase
    y = scene.place(0.2)[0]
    length = pitch * scene.rng.uniform(0.35, 0.75)
    for shift in range(int(scene.rng.integers(1, 3))):
        inside = 1 - np.hypot((rows - y) / length, (columns - gap - shift * pitch) / (0.5 * pitch))
        scene.height = np.maximum(scene.height, 4.0 * soft(inside * pitch, 1.5))
        scene.material = np.maximum(scene.material, 42 * soft(inside * pitch, 1.5))


def clean(scene: Scene) -> None:
    """An unpatterned wafer without a defect."""


def _line_space(scene: Scene) -> tuple[float, float]:
    rows, columns = scene.grid()
    pitch = float(scene.rng.uniform(*scene.look.pitch))
    phase = float(scene.rng.uniform(-0.5, 0.5) * pitch)
    wander = ndimage.gaussian_filter1d(scene.rng.standard_normal((scene.look.size, 1)), 4, axis=0) * 1.5
    position = (columns + phase + wander) / pitch
    distance = np.abs(position - np.round(position)) * pitch
    line = soft(pitch * 0.25 - distance, 0.8)
    scene.height += 4 * line
    scene.material += 42 * line - 10
    return pitch, phase


def ring(scene: Scene) -> None:
    """A drying mark: a singleton."""
    rows, columns = scene.grid()
    distance = np.hypot(rows - 8, columns + 5)
    for radius in np.array([0.2, 0.27, 0.38]) * scene.look.size:
        scene.material += 40 * np.exp(-(((distance - radius) / 3.5) ** 2))


def fibre(scene: Scene) -> None:
    """A curled fibre: a singleton."""
    turns = np.linspace(0, 5 * np.pi, 900)
    size = scene.look.size
    rows = size / 2 + size * (0.04 + 0.022 * turns) * np.sin(turns)
    columns = size / 2 + size * (0.04 + 0.022 * turns) * np.cos(turns)
    drawn = np.zeros_like(scene.height)
    keep = (rows >= 0) & (rows < size) & (columns >= 0) & (columns < size)
    drawn[rows[keep].astype(int), columns[keep].astype(int)] = 1
    body = ndimage.gaussian_filter(drawn, 2.0)
    scene.height += 8 * body / body.max()
    scene.material += 60 * body / body.max()


def crystal(scene: Scene) -> None:
    """A six-armed crystal: a singleton."""
    rows, columns = scene.grid()
    angle, distance = np.arctan2(rows, columns), np.hypot(rows, columns)
    reach = scene.look.size * 0.4 * np.abs(np.cos(3 * angle)) ** 6
    inside = soft(reach - distance, 1.5)
    scene.height += 10 * inside
    scene.material += 70 * inside


def checks(scene: Scene) -> None:
    """A checkerboard marker: a singleton."""
    rows, columns = scene.grid()
    step = scene.look.size / 7
    scene.material += 60 * (np.sign(np.sin(np.pi * rows / step) * np.sin(np.pi * columns / step)) > 0) - 30


def charging(scene: Scene) -> None:
    """Horizontal charging streaks behind bright patches: a singleton."""
    rows = ndimage.gaussian_filter1d(scene.rng.standard_normal((scene.look.size, 1)), 3, axis=0)
    scene.material += 38 * np.sign(rows / rows.std()) * np.linspace(0.1, 1.6, scene.look.size)[None, :]


Painter = Callable[[Scene], None]
KINDS: dict[str, Painter] = {
    "large-particle": large_particle,
    "small-particle": small_particle,
    "pit": pit,
    "scratch": scratch,
    "bridge": bridge,
    "residue": residue,
    "clean": clean,
    "clean-lines": lines,
}
SINGLETONS: dict[str, Painter] = {
    "ring": ring,
    "fibre": fibre,
    "crystal": crystal,
    "checks": checks,
    "charging": charging,
}


def render(paint: Painter, rng: np.random.Generator, look: Look | None = None) -> Pixels:
    """Return one image of a kind.

    Returns
    -------
    (size, size) uint8
    """
    look = look or Look()
    scene = Scene(look, rng)
    paint(scene)
    scene.height += 0.05 * look.grain * scene.smooth_noise(look.grain_scale)
    slope_y, slope_x = np.gradient(scene.height)
    edges = 34 * np.tanh(np.hypot(slope_x, slope_y) / 1.2)
    shadow = 16 * np.tanh(slope_x / 1.5)
    grain = look.grain * scene.smooth_noise(look.grain_scale)
    signal = rng.uniform(*look.contrast) * (scene.material + edges + shadow + grain)
    rows, columns = scene.grid()
    tilt = rng.normal(0, 8 / look.size, 2)
    signal += 104 + rng.normal(0, 5) + tilt[0] * rows + tilt[1] * columns
    signal = ndimage.gaussian_filter(signal, rng.uniform(0.6, 1.1))
    noise = rng.uniform(*look.noise)
    signal += noise * np.sqrt(np.clip(signal, 1, None) / 104) * rng.standard_normal(signal.shape)
    signal += rng.normal(0, 0.25 * noise, (look.size, 1))
    result: Pixels = np.clip(np.rint(signal), 0, 255).astype(np.uint8)
    return result


def write_set(
    folder: Path,
    seed: int = 0,
    per_kind: int | Sequence[int] = 30,
    look: Look | None = None,
    *,
    by_kind: bool = False,
    quality: int = 85,
) -> list[Path]:
    """Write a set of JPEG images with shuffled names, numbered as an instrument would.

    Parameters
    ----------
    per_kind : int or sequence of int
        Images per kind; a sequence gives one number for each of `KINDS`.
    by_kind : bool
        Write to one subfolder per kind instead of all to `folder`.

    Returns
    -------
    list of Path
        The written files; with `by_kind`, the name of the folder is the kind.
    """
    rng = np.random.default_rng(seed)
    counts = [per_kind] * len(KINDS) if isinstance(per_kind, int) else list(per_kind)
    jobs = [(kind, paint) for (kind, paint), n in zip(KINDS.items(), counts, strict=True) for _ in range(n)]
    jobs += list(SINGLETONS.items())
    numbers = rng.permutation(len(jobs)) + 1
    written = []
    for number, (kind, paint) in sorted(zip(numbers.tolist(), jobs, strict=True)):
        target = folder / kind if by_kind else folder
        target.mkdir(parents=True, exist_ok=True)
        path = target / f"defect_{number:04d}.jpg"
        Image.fromarray(render(paint, rng, look)).save(path, quality=quality)
        written.append(path)
    return written


def main() -> None:
    """Write the sample set: `python -m defect_workbench.sample.synthetic FOLDER`."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--per-kind", type=int, default=30)
    parser.add_argument("--by-kind", action="store_true")
    args = parser.parse_args()
    written = write_set(args.folder, args.seed, args.per_kind, by_kind=args.by_kind)
    print(f"{len(written)} images in {args.folder}")


if __name__ == "__main__":
    main()
