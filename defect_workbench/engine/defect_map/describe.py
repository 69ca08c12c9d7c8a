"""The defect map and the defect's description of images."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from defect_workbench.core.arrays import Pixels, StorableVectors, Vectors
from defect_workbench.core.clustering.feature_blocks import DEEP, FOREGROUND, NEWEST_FOREGROUND, RESIDUAL
from defect_workbench.core.images.defect_maps import (
    HIGHEST,
    MapSource,
    strangeness_by_both,
    strangeness_of,
    total_strangeness,
)
from defect_workbench.core.normalisation import unit_rows
from defect_workbench.engine.backbone.count_sketch import sketch
from defect_workbench.engine.backbone.network import BATCH
from defect_workbench.engine.backbone.passes import LoadedWhenNeeded
from defect_workbench.engine.defect_map import rarity, residuals, standing_out
from defect_workbench.engine.defect_map.attention import attention, difference
from defect_workbench.engine.defect_map.patch_bank import (
    COARSE,
    COLUMNS,
    FINE,
    PatchBank,
    PatchBanks,
    patches,
)
from defect_workbench.engine.defect_map.tiles import (
    PLACES,
    joined,
    network_tiles,
    split,
    strongest,
    tile_shape,
)
from defect_workbench.engine.features.blocks.foreground import extractor_of
from defect_workbench.engine.preprocessing.background import Plane, grey_of
from defect_workbench.engine.preprocessing.periodic_pattern import reduced, step_of
from defect_workbench.engine.preprocessing.resize import prepare

if TYPE_CHECKING:
    from torch import Tensor

# With twice the 1,024 channels of layer 3, a description takes 8 kB in half precision.
RESIDUAL_COLUMNS = 2048
_SKETCH_SEED = 12
_ATTENTION = f"attention-{PLACES}-banks-{FINE.capacity}-{COARSE.capacity}x{COLUMNS}"
_BY_RESIDUAL = f"{_ATTENTION}-{residuals.IDENTITY}-{RESIDUAL_COLUMNS}-v3"
_BY_RARITY = f"attention-{PLACES}-{COLUMNS}-{rarity.IDENTITY}-v1"
# Residuals are computed at this length at most: tiles show the network no more detail than that.
LARGEST_RESIDUAL = 640


class PatchNetwork(LoadedWhenNeeded, Protocol):
    """The network as this module uses it, such as `NetworkVectors`."""

    def embed(self, images: Pixels) -> Mapping[str, StorableVectors]:
        """Return the vectors of each block of the network, (n, d), for (n, size, size, 3) images."""

    def patch_activations(self, images: Pixels) -> Mapping[str, Tensor]:
        """Return the activations of all layers but the last, (n, c, h, w), for (n, size, size, 3) images."""


@dataclass(frozen=True, eq=False)
class Subject:
    """An image whose defect is to be described.

    Attributes
    ----------
    pixels : (height, width) or (height, width, 3) uint8
        Preprocessed, without its info bar.
    reference : array like `pixels`, or None
        Its golden reference, of the same height and width.
    number : int or None
        Its number in the patch bank; None if it is not in the bank.
    """

    pixels: Pixels
    reference: Pixels | None = None
    number: int | None = None


@dataclass(frozen=True, eq=False)
class Comparison:
    """What images are compared with.

    Attributes
    ----------
    source : MapSource
    banks : PatchBanks or None
        For `CLEAN` and `OTHERS`.
    beside : str or None
        The block about the image without its background, beside `defect`: `FOREGROUND`, which needs a
        background that can be modelled, or `RESIDUAL`, for references and projects of earlier versions. None
        if the background is unknown.
    foreground_version : str
        One of `FOREGROUND_VERSIONS`; it matters if `beside` is that block.
    """

    source: MapSource
    banks: PatchBanks | None = None
    beside: str | None = RESIDUAL
    foreground_version: str = NEWEST_FOREGROUND

    @property
    def by_rarity(self) -> bool:
        """Whether places are compared with the other places of their image, as its background is unknown."""
        return self.source is MapSource.SELF and self.beside is None

    @property
    def identity(self) -> str:
        """What a description depends on, apart from the network, the image and the banks."""
        if self.by_rarity:
            return _BY_RARITY
        if self.beside == FOREGROUND:
            return f"{_ATTENTION}-{extractor_of(self.foreground_version)}-v5"
        return _BY_RESIDUAL


@dataclass(frozen=True, eq=False)
class DefectDescription:
    """The defect of one image.

    Attributes
    ----------
    grid : (PLACES, PLACES) float32
        The defect map; see `DefectMaps` for its unit.
    strangeness : float
        As in `DefectMaps`.
    vector : (d,) float16
        How the activations of layer 3 at the defect differ from what is expected there (see `difference`);
        followed by `RESIDUAL_COLUMNS` of the network's description of the image without its background, if
        it is included.
    """

    grid: Vectors
    strangeness: float
    vector: StorableVectors


def batches(subjects: Iterator[Subject]) -> Iterator[list[Subject]]:
    """Return lists of subjects that have no more tiles than a batch of the network has images."""
    batch: list[Subject] = []
    tiles = 0
    for subject in subjects:
        rows, columns = tile_shape(subject.pixels)
        if tiles + rows * columns > BATCH:
            yield batch
            batch, tiles = [], 0
        batch.append(subject)
        tiles += rows * columns
    if batch:
        yield batch


def describe(
    subjects: Sequence[Subject], network: PatchNetwork, comparison: Comparison
) -> list[DefectDescription]:
    """Describe the defects of a batch of images, as `batches` returns them.

    Parameters
    ----------
    subjects : sequence of n Subject
    network : PatchNetwork
    comparison : Comparison

    Returns
    -------
    list of n DefectDescription
    """
    shapes = [tile_shape(subject.pixels) for subject in subjects]
    seen = _activations(network, [s.pixels for s in subjects], shapes)
    expected: list[Tensor | None] = [None] * len(subjects)
    with_reference = [i for i, subject in enumerate(subjects) if subject.reference is not None]
    if comparison.source is MapSource.REFERENCE and with_reference:
        references = [r for s in subjects if (r := s.reference) is not None]
        found = _activations(network, references, [shapes[i] for i in with_reference])
        for i, each in zip(with_reference, found, strict=True):
            expected[i] = each["layer3"]
    without: list[Plane] = []
    if not comparison.by_rarity and (comparison.banks is None or comparison.beside is not None):
        without = [_without_background(subject, comparison) for subject in subjects]
    grids, scores, differences = [], [], []
    for i, (subject, shape, activations) in enumerate(zip(subjects, shapes, seen, strict=True)):
        banks = comparison.banks
        if comparison.by_rarity:
            grid = rarity.rarity(patches(activations, FINE), shape)
        elif banks is None:
            grid = strongest(_deviation(subject, without[i], comparison), shape)
        else:
            grid = _strangeness(activations, shape, banks.fine, subject.number)
        weights = _tensor_like(split(attention(grid), shape), activations["layer3"])
        differences.append(difference(activations["layer3"], weights, expected[i]).cpu().numpy())
        grids.append(_of_one_size(grid, shape))
        scores.append(float(strangeness_of(grids[-1].reshape(1, -1))[0]))
        if banks is not None:
            # Of the coarse scale, the same share of the image counts.
            coarse = _strangeness(activations, shape, banks.coarse, subject.number)
            highest = strangeness_of(coarse.reshape(1, -1), HIGHEST // 4)
            scores[-1] = (scores[-1] + float(highest[0])) / 2
        if comparison.beside == FOREGROUND:
            own = _of_one_size(strongest(without[i], shape), shape)
            scores[-1] = _with_foreground(scores[-1], own, subject, comparison)
    parts = [np.stack(differences)]
    if comparison.beside is not None:
        pictures = [_network_picture(each, comparison.beside) for each in without]
        parts.append(residual_vectors(pictures, network))
    vectors = np.concatenate(parts, axis=1).astype(np.float16)
    return [DefectDescription(*each) for each in zip(grids, scores, vectors, strict=True)]


def without_own_background(pixels: Pixels, block: str, foreground_version: str = NEWEST_FOREGROUND) -> Pixels:
    """Return what is left of an image without its own background, as the network's input.

    Parameters
    ----------
    pixels : (height, width) or (height, width, 3) uint8
    block : str
        `FOREGROUND` or `RESIDUAL`.
    foreground_version : str
        As in `Comparison`.

    Returns
    -------
    (224, 224, 3) uint8
    """
    comparison = Comparison(MapSource.SELF, None, block, foreground_version)
    return _network_picture(_without_background(Subject(pixels), comparison), block)


def residual_vectors(pictures: Sequence[Pixels], network: PatchNetwork) -> Vectors:
    """Return the network's description of images without their backgrounds.

    Parameters
    ----------
    pictures : sequence of n (224, 224, 3) uint8
        At most a batch of the network.

    Returns
    -------
    (n, RESIDUAL_COLUMNS) float32
        Of unit norm.
    """
    return _shortened(network.embed(np.stack(pictures))[DEEP])


def bank_activations(subjects: Sequence[Subject], network: PatchNetwork) -> list[dict[str, Tensor]]:
    """Return the activations of the tiles of each image of a batch, (tiles, c, h, w), for a bank."""
    shapes = [tile_shape(each.pixels) for each in subjects]
    return _activations(network, [each.pixels for each in subjects], shapes)


def _activations(
    network: PatchNetwork, images: Sequence[Pixels], shapes: Sequence[tuple[int, int]]
) -> list[dict[str, Tensor]]:
    """Return the activations of the tiles of each image."""
    tiles = [network_tiles(pixels, shape) for pixels, shape in zip(images, shapes, strict=True)]
    found = network.patch_activations(np.concatenate(tiles))
    ends = np.cumsum([len(each) for each in tiles]).tolist()
    return [
        {name: values[end - len(each) : end] for name, values in found.items()}
        for end, each in zip(ends, tiles, strict=True)
    ]


def _strangeness(
    activations: Mapping[str, Tensor], shape: tuple[int, int], bank: PatchBank, number: int | None
) -> Plane:
    """Return the map of an image from its patches, over all of its tiles."""
    side = bank.scale.places
    given = patches(activations, bank.scale)
    places = [bank.strangeness(tile, number).reshape(side, side) for tile in given]
    return joined(np.stack(places), shape)


def _with_foreground(score: float, own: Vectors, subject: Subject, comparison: Comparison) -> float:
    """Return the strangeness of an image by its map and by what stands out from its own background.

    Only the latter is without noise, so that the many places can count that a faint defect covers.
    """
    total = float(total_strangeness(own.reshape(1, -1))[0])
    if comparison.banks is not None:
        return score + float(np.log1p(total))
    return total if subject.reference is None else strangeness_by_both(score, total)


def _without_background(subject: Subject, comparison: Comparison) -> Plane:
    """Return an image without its background, in standard deviations of the rest."""
    if comparison.beside == FOREGROUND:
        return standing_out.standing_out(_small(subject.pixels), comparison.foreground_version)
    if comparison.source is MapSource.REFERENCE and subject.reference is not None:
        return residuals.from_reference(_small(subject.pixels), _small(subject.reference))
    return residuals.from_itself(_small(subject.pixels))


def _deviation(subject: Subject, without: Plane, comparison: Comparison) -> Plane:
    """Return how far an image is from its reference; without one, from its own background."""
    if comparison.beside != FOREGROUND or subject.reference is None:
        return without
    return residuals.from_reference(_small(subject.pixels), _small(subject.reference))


def _small(pixels: Pixels) -> Plane:
    image = grey_of(pixels)
    return reduced(image, step_of(image.shape, LARGEST_RESIDUAL))


def _network_picture(values: Plane, block: str) -> Pixels:
    """Return an image without its background as the network's input, (224, 224, 3) uint8."""
    as_picture = standing_out.as_picture if block == FOREGROUND else residuals.as_picture
    return prepare(np.rint(as_picture(values)).astype(np.uint8))[1]


def _of_one_size(grid: Plane, shape: tuple[int, int]) -> Vectors:
    """Return the largest values of a grid over several tiles as a grid of one tile."""
    rows, columns = shape
    return np.asarray(grid.reshape(PLACES, rows, PLACES, columns).max(axis=(1, 3)), np.float32)


def _shortened(vectors: StorableVectors) -> Vectors:
    """Return descriptions of unit norm in `RESIDUAL_COLUMNS` columns."""
    import torch

    given = torch.from_numpy(unit_rows(vectors).astype(np.float32))
    return np.asarray(unit_rows(sketch(given, RESIDUAL_COLUMNS, _SKETCH_SEED).numpy()), np.float32)


def _tensor_like(values: Vectors, other: Any) -> Tensor:
    import torch

    return torch.from_numpy(values).to(other.device)
