"""The feature blocks there are. A new one is a module with an `ENTRY`, and its name in this list."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from defect_workbench.core.clustering.feature_blocks import current_name
from defect_workbench.core.registry import Registry
from defect_workbench.engine.features.block import Block

BLOCKS: Registry[Block] = Registry.of_modules(
    "feature block", "defect_workbench.engine.features", "deep", "haralick", "zernike", "outline"
)


def find_block(name: str) -> Block:
    """The block of a name, which may be one of an earlier version.

    Raises
    ------
    InputError
        If there is none.
    """
    return BLOCKS[current_name(name)]


def default_shares(*, network: bool) -> dict[str, float]:
    """The weights of all blocks if neither the user nor the data decide.

    Parameters
    ----------
    network : bool
        Whether blocks of the network are available.
    """
    return {b.name: b.default_weight if network else b.weight_without_network for b in BLOCKS}


def given_shares(given: Mapping[str, float]) -> dict[str, float]:
    """The weights of all blocks: as given by name, the default for the others."""
    return default_shares(network=True) | {find_block(name).name: share for name, share in given.items()}


def network_blocks(names: Iterable[str]) -> list[str]:
    """Those of some blocks that the network computes."""
    return [name for name in names if name in BLOCKS and BLOCKS[name].by_network]


def label(name: str) -> str:
    """A block's label; its name if this version does not know it."""
    return BLOCKS[name].label if name in BLOCKS else name


def short_label(name: str) -> str:
    """A block's short label; its name if this version does not know it."""
    return BLOCKS[name].short_label if name in BLOCKS else name
