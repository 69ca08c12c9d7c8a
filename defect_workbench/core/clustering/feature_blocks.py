"""The blocks of numbers that describe each image."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from defect_workbench.core.arrays import Vectors

DEEP, HARALICK, ZERNIKE, SHAPE = "deep", "haralick", "zernike", "shape"
BLOCKS = (DEEP, HARALICK, ZERNIKE, SHAPE)
# As a person reads them.
BLOCK_LABELS = {
    DEEP: "Deep (ResNet-50)",
    HARALICK: "Texture (Haralick)",
    ZERNIKE: "Shape (Zernike)",
    SHAPE: "Outline of the defect",
}


@dataclass(frozen=True)
class BackboneInfo:
    """Name and origin of the network behind the deep block, as reports show it."""

    name: str
    weights: str
    sha256: str
    precision: str
    device: str


@dataclass(frozen=True)
class Features:
    """One row an image, in the order of the image set.

    Attributes
    ----------
    blocks : mapping of str to (n, d) float32
        The deep block is absent where no weights could be had.
    backbone : BackboneInfo or None
        None exactly where the deep block is absent.
    """

    blocks: Mapping[str, Vectors]
    backbone: BackboneInfo | None

    def __len__(self) -> int:
        return len(next(iter(self.blocks.values())))


@dataclass(frozen=True)
class BlockWeights:
    """The share each block has in the distance, and the reason in words.

    `zernike` is of the whole picture, `shape` of its largest defect's mask.
    """

    deep: float
    haralick: float
    zernike: float
    why: str
    shape: float = 0.0

    def as_mapping(self) -> dict[str, float]:
        """Weight by block name."""
        return {DEEP: self.deep, HARALICK: self.haralick, ZERNIKE: self.zernike, SHAPE: self.shape}
