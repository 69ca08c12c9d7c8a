"""The blocks of numbers that describe each image."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from defect_workbench.core.arrays import Vectors

Value = TypeVar("Value")

DEEP, HARALICK, ZERNIKE, OUTLINE = "deep", "haralick", "zernike", "outline"
# Names that blocks had in earlier versions: files and command lines may still use them.
FORMER_NAMES = {"shape": OUTLINE}


def current_name(block: str) -> str:
    """Today's name of a block that an earlier version may have named."""
    return FORMER_NAMES.get(block, block)


def with_current_names(by_block: Mapping[str, Value]) -> dict[str, Value]:
    """The same values under today's block names."""
    return {current_name(name): value for name, value in by_block.items()}


def identity_with_current_names(identity: Mapping[str, Any]) -> dict[str, Any]:
    """A stored identity of features under today's block names."""
    by_block = ("columns", "extractors")
    return {
        key: with_current_names(value) if key in by_block and isinstance(value, Mapping) else value
        for key, value in identity.items()
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
    """One row per image, in the order of the image set.

    Attributes
    ----------
    blocks : mapping of str to (n, d) float32
        The deep block is absent where no weights could be had.
    backbone : BackboneInfo or None
        None exactly where the deep block is absent.
    identity : mapping of str to Any
        The versions of all that the features depend on, as JSON values; empty if they are not known.
    """

    blocks: Mapping[str, Vectors]
    backbone: BackboneInfo | None
    identity: Mapping[str, Any] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(next(iter(self.blocks.values())))


@dataclass(frozen=True)
class BlockWeights:
    """The share of each block in the distance between images, and the reason for it.

    Attributes
    ----------
    shares : mapping of str to float
        By block name, 0 or more; a block that is not named has the share 0.
    why : str
        For people.

    Raises
    ------
    ValueError
        If a share is negative or not finite.
    """

    shares: Mapping[str, float]
    why: str

    def __post_init__(self) -> None:
        shares = {str(name): float(share) for name, share in self.shares.items()}
        for name, share in shares.items():
            if not 0 <= share < math.inf:
                raise ValueError(f"the weight {share} of the block {name!r} is not a number from 0 up")
        object.__setattr__(self, "shares", shares)

    def share(self, block: str) -> float:
        """The share of one block."""
        return self.shares.get(block, 0.0)

    def as_json(self) -> dict[str, float | str]:
        """One field per block, and `why`."""
        return {**self.shares, "why": self.why}

    @classmethod
    def from_json(cls, fields: Mapping[str, Any]) -> BlockWeights:
        """The inverse of `as_json`; knows the block names of earlier versions."""
        shares = with_current_names({name: value for name, value in fields.items() if name != "why"})
        return cls(shares, str(fields["why"]))
