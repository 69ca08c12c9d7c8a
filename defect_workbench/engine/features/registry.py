"""All feature blocks. A new one is a module of `blocks` that defines `ENTRY`, and its name in this list."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from defect_workbench.core.clustering.feature_blocks import current_name
from defect_workbench.core.registry import Registry
from defect_workbench.engine.features.block import Block

BLOCKS: Registry[Block] = Registry.of_modules(
    "feature block",
    "defect_workbench.engine.features.blocks",
    "deep",
    "haralick",
    "zernike",
    "outline",
    "defect",
    "residual",
    "foreground",
    "change",
)


def find_block(name: str) -> Block:
    """Return the block with this name, which may be a name of an earlier version.

    Raises
    ------
    InputError
        If there is no such block.
    """
    return BLOCKS[current_name(name)]


def default_shares(*, network: bool) -> dict[str, float]:
    """Return the default weights of all blocks.

    Parameters
    ----------
    network : bool
        Whether the blocks that the network computes are available.
    """
    return {b.name: b.default_weight if network else b.weight_without_network for b in BLOCKS}


def given_shares(given: Mapping[str, float]) -> dict[str, float]:
    """Return the weights of all blocks: those given by block name, and the defaults for the others.

    Raises
    ------
    InputError
        If a name is not that of a block.
    """
    return default_shares(network=True) | {find_block(name).name: share for name, share in given.items()}


def network_blocks(names: Iterable[str]) -> list[str]:
    """Return those of the named blocks that the network computes."""
    return [name for name in names if name in BLOCKS and BLOCKS[name].by_network]


def label(name: str) -> str:
    """Return the label of a block, or its name if this version does not know the block."""
    return BLOCKS[name].label if name in BLOCKS else name


def short_label(name: str) -> str:
    """Return the short label of a block, or its name if this version does not know the block."""
    return BLOCKS[name].short_label if name in BLOCKS else name
