"""Augmentation: changed copies of an image that simulate other exposures on the microscope.

Only training images are augmented; models are evaluated on unchanged images.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy import ndimage

from defect_workbench.core.arrays import Floats, Pixels

IDENTITY = "views-v1"
DIHEDRAL = 8
_LARGEST = 1024


@dataclass(frozen=True)
class Augmentation:
    """One way to change an image for training.

    Attributes
    ----------
    turn : int
        Element of the dihedral group, 0 to 7: the number of quarter turns, and from 4 on, with mirroring
        first; 0 leaves the image as it is.
    draw : int
        0 for no random change, else the number of a random draw of rotation, shift, scale, brightness,
        contrast, detector noise, defocus and turn.
    seed : int
        Seed of the random draws.
    """

    turn: int = 0
    draw: int = 0
    seed: int = 0

    @cached_property
    def name(self) -> str:
        """The name in the feature store."""
        return (
            f"{IDENTITY}-draw-{self.draw}-seed-{self.seed}" if self.draw else f"{IDENTITY}-turn-{self.turn}"
        )

    @property
    def keeps_texture(self) -> bool:
        """Whether texture and Zernike features equal those of the unchanged image."""
        return not self.draw


ORIGINAL = Augmentation()


def training_augmentations(draws: int, seed: int) -> tuple[Augmentation, ...]:
    """Return the seven turns other than the identity, and `draws` random changes."""
    turned = tuple(Augmentation(turn=turn) for turn in range(1, DIHEDRAL))
    return turned + tuple(Augmentation(draw=number, seed=seed) for number in range(1, draws + 1))


def turned(pixels: Pixels, turn: int) -> Pixels:
    """Mirror and turn an image.

    Parameters
    ----------
    pixels : (height, width) or (height, width, 3) uint8
    turn : int
        As in `Augmentation`.

    Returns
    -------
    uint8 array of as many dimensions
        Height and width are swapped for an odd number of quarter turns.
    """
    result = pixels[:, ::-1] if turn >= 4 else pixels
    return np.ascontiguousarray(np.rot90(result, turn % 4))


def augmented(pixels: Pixels, augmentation: Augmentation, sha256: str) -> Pixels:
    """Return an augmented image; the same image and augmentation always give the same result.

    Parameters
    ----------
    pixels : (height, width) or (height, width, 3) uint8
    sha256 : str
        SHA-256 of the image's content, which makes the random draws of each image different.

    Returns
    -------
    uint8 array of as many dimensions
        Height and width are swapped for an odd number of quarter turns; a random draw also reduces large
        images.
    """
    if not augmentation.draw:
        return turned(pixels, augmentation.turn)
    digest = hashlib.sha256(f"{sha256}-{augmentation.draw}-{augmentation.seed}".encode()).digest()
    rng = np.random.default_rng(int.from_bytes(digest[:8], "little"))
    values = turned(pixels, int(rng.integers(DIHEDRAL)))
    # Features are computed from 224 pixels per side; more than four times that costs time without a benefit.
    step = max(1, min(values.shape[:2]) // _LARGEST)
    values = values[::step, ::step]
    return _photographed(_moved(values.astype(np.float64), rng), rng)


def _moved(values: Floats, rng: np.random.Generator) -> Floats:
    """Rotate by up to 10 degrees, shift by up to 5% of a side, and scale by up to 10%."""
    angle, scale = np.deg2rad(rng.uniform(-10, 10)), np.exp(rng.uniform(-0.1, 0.1))
    shift = rng.uniform(-0.05, 0.05, 2) * values.shape[:2]
    matrix = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]) / scale
    middle = (np.array(values.shape[:2]) - 1) / 2
    offset = middle - matrix @ (middle + shift)
    planes = values[..., None] if values.ndim == 2 else values
    moved = [
        ndimage.affine_transform(planes[..., i], matrix, offset, order=1, mode="mirror")
        for i in range(planes.shape[2])
    ]
    return moved[0] if values.ndim == 2 else np.stack(moved, axis=2)


def _photographed(values: Floats, rng: np.random.Generator) -> Pixels:
    """Change defocus, contrast and brightness, and add the noise of a scanning detector.

    Shot noise grows with the square root of the signal, and each scanned line has its own offset.
    """
    side = min(values.shape[:2])
    blur = rng.uniform(0, 0.005) * side
    if blur > 0.25:
        values = ndimage.gaussian_filter(values, (blur, blur) + (0,) * (values.ndim - 2))
    middle = values.mean()
    values = middle + (values - middle) * np.exp(rng.uniform(-0.25, 0.25)) + rng.normal(0, 8)
    sigma = rng.uniform(0, 8)
    noise = sigma * np.sqrt(np.clip(values, 1, None) / 128) * _grey(rng, values)
    lines = rng.normal(0, 0.2 * sigma, (values.shape[0],) + (1,) * (values.ndim - 1))
    result: Pixels = np.clip(np.rint(values + noise + lines), 0, 255).astype(np.uint8)
    return result


def _grey(rng: np.random.Generator, values: Floats) -> Floats:
    """Return standard normal noise that is the same in all channels."""
    plane = rng.standard_normal(values.shape[:2])
    return plane if values.ndim == 2 else plane[..., None]


def examples(pixels: Pixels, sha256: str, count: int, seed: int) -> list[Pixels]:
    """Return random augmentations of an image as training uses them, for a preview.

    Parameters
    ----------
    pixels : (height, width) or (height, width, 3) uint8
    sha256 : str
        SHA-256 of the image's content.

    Returns
    -------
    list of uint8 array
        `count` images.
    """
    return [augmented(pixels, Augmentation(draw=number, seed=seed), sha256) for number in range(1, count + 1)]
