"""Bounded samples of patches, and how far other patches are from them.

A patch is one place of two layers of the network. The distance to the nearest patches of defect-free images
as a measure of strangeness is from K. Roth et al., "Towards total recall in industrial anomaly detection",
CVPR (2022); comparison with the other images of an unlabelled set from X. Li et al., "MuSc: zero-shot
industrial anomaly classification and segmentation with mutual scoring of the unlabeled images", ICLR (2024).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from defect_workbench.core.arrays import Vectors
from defect_workbench.engine.defect_map.tiles import PLACES

if TYPE_CHECKING:
    from torch import Tensor

# Random projections keep distances to about 4 %, for a third of the time.
COLUMNS = 256
_SEED = 5
# Among the other images of a set some have the same defect, so that one near patch proves nothing.
NEIGHBOURS_IN_SET = 15
_TYPICAL_FROM = 400


@dataclass(frozen=True)
class Scale:
    """Which places of which layers are patches.

    Attributes
    ----------
    layers : tuple of str
    places : int
        Along each side of a tile.
    smooth : bool
        Whether a patch is the mean over 3 x 3 places.
    capacity : int
        Patches in a bank, whatever the number of images: distances from 10,000 take 40 ms an image on two
        cores.
    """

    layers: tuple[str, str]
    places: int
    smooth: bool
    capacity: int


# Fields of view about as small as small defects: this scale says where they are.
FINE = Scale(("layer1", "layer2"), PLACES, smooth=False, capacity=10_000)
# Noise is averaged out, and large faint defects stand out: this scale helps to say whether there are any.
COARSE = Scale(("layer2", "layer3"), PLACES // 2, smooth=True, capacity=5_000)


def patches(activations: Mapping[str, Tensor], scale: Scale) -> Tensor:
    """Return the patches of a batch: two layers, each of unit norm, projected to fewer columns.

    Parameters
    ----------
    activations : mapping of str to (n, channels, height, width) Tensor
        With the layers of the scale.
    scale : Scale

    Returns
    -------
    (n, scale.places ** 2, COLUMNS) float32 Tensor
    """
    import torch
    from torch.nn.functional import adaptive_avg_pool2d, avg_pool2d, normalize, pad

    maps = [adaptive_avg_pool2d(activations[name].float(), scale.places) for name in scale.layers]
    joined = torch.cat([normalize(each, dim=1) for each in maps], 1)
    if scale.smooth:
        joined = avg_pool2d(pad(joined, (1, 1, 1, 1), mode="replicate"), 3, 1)
    rows = joined.permute(0, 2, 3, 1).flatten(1, 2)
    return rows @ torch.from_numpy(_projection(rows.shape[-1])).to(rows.device)


@lru_cache(maxsize=4)
def _projection(columns: int) -> Vectors:
    """Return a Gaussian random projection, (columns, COLUMNS) float32, which keeps distances on average."""
    random = np.random.RandomState(_SEED)
    return np.asarray(random.standard_normal((columns, COLUMNS)) / np.sqrt(COLUMNS), np.float32)


@dataclass(frozen=True, eq=False)
class PatchBank:
    """Patches of defect-free images, or of the images of a set, at one scale.

    Attributes
    ----------
    scale : Scale
    rows : (m, COLUMNS) float32 Tensor
    image : (m,) int64 Tensor
        The number of the image that each is from.
    neighbours : int
        Of how many nearest patches the mean distance is taken.
    typical : float
        The median distance of the bank's own patches from those of other images.
    """

    scale: Scale
    rows: Tensor
    image: Tensor
    neighbours: int
    typical: float

    def strangeness(self, given: Tensor, image: int | None = None) -> Vectors:
        """Return the distance of patches from the bank, relative to `typical`.

        Parameters
        ----------
        given : (k, COLUMNS) float32 Tensor
        image : int, optional
            The number of the image that the patches are from; its own patches in the bank do not count.

        Returns
        -------
        (k,) float32
        """
        distance = _distance(given, self.rows, self.image, self.neighbours, image)
        return np.asarray((distance / self.typical).cpu().numpy(), np.float32)


@dataclass(frozen=True, eq=False)
class PatchBanks:
    """The patches of the same images at both scales."""

    fine: PatchBank
    coarse: PatchBank


class BankBuilder:
    """Collects the patches of one scale image by image.

    Parameters
    ----------
    images : int
        How many images there will be; each gives the same share of the capacity.
    neighbours : int
        See `PatchBank`.
    scale : Scale
    """

    def __init__(self, images: int, neighbours: int, scale: Scale = FINE) -> None:
        self._scale = scale
        self._each = max(1, scale.capacity // max(images, 1))
        self._neighbours = neighbours
        self._rows: list[Tensor] = []
        self._images: list[int] = []
        self._random = np.random.RandomState(_SEED)

    def add(self, activations: Mapping[str, Tensor], image: int) -> None:
        """Add a random share of an image's patches, given by its tiles' activations, (tiles, c, h, w)."""
        given = patches(activations, self._scale).flatten(0, 1)
        chosen = np.sort(self._random.permutation(len(given))[: self._each])
        self._rows.append(given[chosen.tolist()])
        self._images += [image] * len(chosen)

    def build(self) -> PatchBank:
        """Return the bank.

        Raises
        ------
        ValueError
            If no patch was added.
        """
        import torch

        if not self._rows:
            raise ValueError("a patch bank needs patches")
        rows = torch.cat(self._rows)
        images = torch.tensor(self._images, device=rows.device)
        step = max(1, len(rows) // _TYPICAL_FROM)
        apart = [
            _distance(rows[i : i + 1], rows, images, self._neighbours, self._images[i])
            for i in range(0, len(rows), step)
        ]
        typical = float(torch.cat(apart).median()) if len(set(self._images)) > 1 else 0.0
        return PatchBank(self._scale, rows, images, self._neighbours, typical if typical > 1e-6 else 1.0)


def _distance(given: Tensor, rows: Tensor, images: Tensor, neighbours: int, without: int | None) -> Tensor:
    """Return the mean distance from the nearest rows, not counting those of one image."""
    import torch

    squares = rows.square().sum(1) - 2 * given @ rows.T
    if without is not None:
        squares = squares.masked_fill((images == without)[None], torch.inf)
    nearest = squares.topk(min(neighbours, len(rows)), 1, largest=False).values
    found = (nearest + given.square().sum(1, keepdim=True)).clamp_min(0).sqrt()
    return torch.where(found.isfinite(), found, torch.zeros_like(found)).mean(1)
