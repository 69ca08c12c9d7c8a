"""Feature blocks: the vectors that describe each image, and their weights."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from defect_workbench.core.arrays import Vectors

Value = TypeVar("Value")

DEEP, HARALICK, ZERNIKE, OUTLINE = "deep", "haralick", "zernike", "outline"
DEFECT, RESIDUAL, CHANGE = "defect", "residual", "change"
FOREGROUND = "foreground"
# How `foreground` is computed, newest first. Projects and models keep the version that they were made with.
FOREGROUND_VERSIONS = ("foreground-v2", "foreground-v1")
NEWEST_FOREGROUND = FOREGROUND_VERSIONS[0]
# Blocks that describe an image without its own background: without its noise, and with it.
WITHOUT_BACKGROUND = (FOREGROUND, RESIDUAL)
# Names that blocks had in earlier versions: files and command lines may still use them.
FORMER_NAMES = {"shape": OUTLINE}

# The description of every deep vector until files named one: the mean of the network's last layer.
AVERAGE = "average"


def current_name(block: str) -> str:
    """Return the current name of a block, given a name from any version."""
    return FORMER_NAMES.get(block, block)


def with_current_names(by_block: Mapping[str, Value]) -> dict[str, Value]:
    """Return the values with blocks renamed to their current names."""
    return {current_name(name): value for name, value in by_block.items()}


def identity_with_current_names(identity: Mapping[str, Any]) -> dict[str, Any]:
    """Return a stored identity with blocks renamed to their current names."""
    by_block = ("columns", "extractors")
    return {
        key: with_current_names(value) if key in by_block and isinstance(value, Mapping) else value
        for key, value in identity.items()
    }


def identity_description(identity: Mapping[str, Any]) -> str:
    """Return the name of the description that a stored identity of features names.

    Parameters
    ----------
    identity : mapping of str to Any
        As sessions and models store it; one without a network, or without a description, names `AVERAGE`.
    """
    backbone = identity.get("backbone")
    return str(backbone.get("description", AVERAGE)) if isinstance(backbone, Mapping) else AVERAGE


def foreground_version_of(identity: Mapping[str, Any]) -> str:
    """Return the version of the block `foreground` that a stored identity of features names, or the newest.

    Parameters
    ----------
    identity : mapping of str to Any
        As sessions and models store it: a session names the version with the maps of its defects, a model
        with its blocks.
    """
    names = [identity.get("extractors", {}).get(FOREGROUND), identity.get(DEFECT, {}).get("extractor")]
    stored = [version for name in names if name for version in FOREGROUND_VERSIONS if f"{version}-" in name]
    return stored[0] if stored else NEWEST_FOREGROUND


@dataclass(frozen=True)
class BackboneInfo:
    """Name and origin of the network behind the deep block, as reports show it.

    Attributes
    ----------
    description : str
        Name of the network's `Description` that the block holds.
    """

    name: str
    weights: str
    sha256: str
    precision: str
    device: str
    description: str = AVERAGE


@dataclass(frozen=True)
class Features:
    """The features of an image set: one row per image, in its order.

    Attributes
    ----------
    blocks : mapping of str to (n, d) float32
        The deep block is missing if no network weights were available.
    backbone : BackboneInfo or None
        None if and only if the deep block is missing.
    identity : mapping of str to Any
        Versions of everything that the features depend on, as JSON values; empty if unknown.
    """

    blocks: Mapping[str, Vectors]
    backbone: BackboneInfo | None
    identity: Mapping[str, Any] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(next(iter(self.blocks.values())))


@dataclass(frozen=True)
class BlockWeights:
    """The weight of each block in the distance between images, and the reason for the weights.

    Attributes
    ----------
    shares : mapping of str to float
        By block name, 0 or more; a block that is not listed has the share 0.
    why : str
        The reason, as shown to the user.

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
        """Return the share of a block."""
        return self.shares.get(block, 0.0)

    def as_json(self) -> dict[str, float | str]:
        """Return JSON values: one field per block, and `why`."""
        return {**self.shares, "why": self.why}

    @classmethod
    def from_json(cls, fields: Mapping[str, Any]) -> BlockWeights:
        """Return weights from the result of `as_json`; block names of earlier versions are accepted."""
        shares = with_current_names({name: value for name, value in fields.items() if name != "why"})
        return cls(shares, str(fields["why"]))
