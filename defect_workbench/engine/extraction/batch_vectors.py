"""Vectors of a batch of images: those by the network, and those that are cheaper for several at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from defect_workbench.core.arrays import StorableVectors
from defect_workbench.engine.features.registry import BLOCKS

if TYPE_CHECKING:
    from defect_workbench.engine.extraction.image_reader import ReadImage
    from defect_workbench.engine.extraction.network_vectors import NetworkVectors


def batch_vectors(
    batch: Sequence[ReadImage], network: NetworkVectors | None
) -> dict[str, dict[int, StorableVectors]]:
    """Return, for each block, the missing vectors of a batch, by index of the image.

    Parameters
    ----------
    batch : sequence of ReadImage
        At most a batch of the network.
    network : NetworkVectors or None
        None leaves out its blocks.
    """
    result: dict[str, dict[int, StorableVectors]] = {}
    embedded: dict[int, Mapping[str, StorableVectors]] = {}
    missing = {
        block.name: [i for i, item in enumerate(batch) if block.name in item.missing]
        for block in BLOCKS
        if block.batched or block.by_network
    }
    through_network = sorted({i for name, rows in missing.items() if BLOCKS[name].by_network for i in rows})
    if network is not None and through_network:
        kind = next(block.input for block in BLOCKS if block.by_network)
        images = np.stack([batch[i].inputs[kind] for i in through_network])
        by_block = network.embed(images)
        for row, i in enumerate(through_network):
            embedded[i] = {name: vectors[row] for name, vectors in by_block.items()}
    for name, rows in missing.items():
        block = BLOCKS[name]
        if block.by_network:
            result[name] = {i: embedded[i][name] for i in rows if i in embedded}
        elif rows:
            vectors = block.vectors([batch[i].inputs[block.input] for i in rows])
            result[name] = dict(zip(rows, vectors, strict=True))
    return result


def finite_vectors(
    by_block: Mapping[str, Mapping[int, StorableVectors]], index: int
) -> dict[str, StorableVectors] | None:
    """Return the vectors of an image of a batch by block; None if not all values are finite."""
    vectors = {name: block[index] for name, block in by_block.items() if index in block}
    return vectors if all(np.isfinite(vector).all() for vector in vectors.values()) else None
