"""A bounded sample of patches, and how far other patches are from it.

A patch is one place of the network's layers 1 and 2, whose fields of view are about as small as small
defects. The distance to the nearest patches of defect-free images as a measure of strangeness is from K. Roth
et al., "Towards total recall in industrial anomaly detection", CVPR (2022); comparison with the other images
of an unlabelled set from X. Li et al., "MuSc: zero-shot industrial anomaly classification and segmentation
with mutual scoring of the unlabeled images", ICLR (2024).
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

# Patches in a bank, whatever the number of images: their distances to one image take 40 ms on two cores.
CAPACITY = 10_000
# Random projections keep distances to about 4 %, for a third of the time.
COLUMNS = 256
_SEED = 5
# Among the other images of a set some have the same defect, so that one near patch proves nothing.
NEIGHBOURS_IN_SET = 15
_TYPICAL_FROM = 400


def patches(activations: Mapping[str, Tensor]) -> Tensor:
    """Return the patches of a batch: layers 1 and 2, each of unit norm, projected to fewer columns.

    Parameters
    ----------
    activations : mapping of str to (n, channels, height, width) Tensor
        With "layer1" and "layer2".

    Returns
    -------
    (n, PLACES * PLACES, COLUMNS) float32 Tensor
    """
    import torch
    from torch.nn.functional import adaptive_avg_pool2d, normalize

    maps = [adaptive_avg_pool2d(activations[name].float(), PLACES) for name in ("layer1", "layer2")]
    joined = torch.cat([normalize(each, dim=1) for each in maps], 1).permute(0, 2, 3, 1).flatten(1, 2)
    return joined @ torch.from_numpy(_projection(joined.shape[-1])).to(joined.device)


@lru_cache(maxsize=2)
def _projection(columns: int) -> Vectors:
    """Return a Gaussian random projection, (columns, COLUMNS) float32, which keeps distances on average."""
    random = np.random.RandomState(_SEED)
    return np.asarray(random.standard_normal((columns, COLUMNS)) / np.sqrt(COLUMNS), np.float32)


@dataclass(frozen=True, eq=False)
class PatchBank:
    """Patches of defect-free images, or of the images of a set.

    Attributes
    ----------
    rows : (m, COLUMNS) float32 Tensor
    image : (m,) int64 Tensor
        The number of the image that each is from.
    neighbours : int
        Of how many nearest patches the mean distance is taken.
    typical : float
        The median distance of the bank's own patches from those of other images.
    """

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


class BankBuilder:
    """Collects patches image by image.

    Parameters
    ----------
    images : int
        How many images there will be; each gives the same share of the capacity.
    neighbours : int
        See `PatchBank`.
    """

    def __init__(self, images: int, neighbours: int) -> None:
        self._each = max(1, CAPACITY // max(images, 1))
        self._neighbours = neighbours
        self._rows: list[Tensor] = []
        self._images: list[int] = []
        self._random = np.random.RandomState(_SEED)

    def add(self, given: Tensor, image: int) -> None:
        """Add a random share of the patches of an image, (k, COLUMNS) float32."""
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
        return PatchBank(rows, images, self._neighbours, typical if typical > 1e-6 else 1.0)


def _distance(given: Tensor, rows: Tensor, images: Tensor, neighbours: int, without: int | None) -> Tensor:
    """Return the mean distance from the nearest rows, not counting those of one image."""
    import torch

    squares = rows.square().sum(1) - 2 * given @ rows.T
    if without is not None:
        squares = squares.masked_fill((images == without)[None], torch.inf)
    nearest = squares.topk(min(neighbours, len(rows)), 1, largest=False).values
    found = (nearest + given.square().sum(1, keepdim=True)).clamp_min(0).sqrt()
    return torch.where(found.isfinite(), found, torch.zeros_like(found)).mean(1)
