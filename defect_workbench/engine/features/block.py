"""The definition of a feature block: features of one kind, and how they are computed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from defect_workbench.core.arrays import Vectors

ImageArray = NDArray[Any]


class Input(StrEnum):
    """What a block is computed from."""

    GREY = "grey"
    """The preprocessed image, resized: (224, 224) uint8."""
    NETWORK = "network"
    """The preprocessed image at the network's input size, in RGB, through the network."""
    MASK = "mask"
    """The pixels of the largest defect: (height, width) bool. The defect is found in the unprocessed image
    without its info bar, so that preprocessing does not change the mask."""
    DEFECT_MAP = "defect map"
    """The preprocessed image and its defect map, in a second step after extraction."""
    FOUND_DEFECT = "found defect"
    """A single defect, when it is found in its image."""


@dataclass(frozen=True)
class Block:
    """A feature block.

    Attributes
    ----------
    name : str
        Used in files and on the command line.
    label, short_label : str
        Shown to the user; the short one where there is little room.
    version : str
        Version of `function`. Vectors of another version are computed again.
    input : Input
        What `function` gets.
    function : callable or None
        One image to (d,) float32; if `batched`, (n, height, width) to (n, d) float32. None if the network
        computes the block, or a later step does.
    batched : bool
        Whether `function` computes several images at once, which pays for matrix products.
    description : str
        For a block that the network computes, the name of the `Description` it holds; empty for the one in
        use.
    turn_invariant : bool
        Whether quarter turns and mirroring leave the values unchanged.
    optional : bool
        Whether a classifier uses the block only if it improves held-out predictions.
    default_weight, weight_without_network : float
        The default block weight, with and without network weights.
    unit_rows : bool
        Whether vectors are compared by direction: they are divided by their L2 norm, and columns are not
        standardised.
    components : int or None
        Number of principal components to which clustering reduces the block.
    """

    name: str
    label: str
    short_label: str
    version: str
    input: Input
    function: Callable[[ImageArray], Vectors] | None = None
    batched: bool = False
    description: str = ""
    turn_invariant: bool = False
    optional: bool = False
    default_weight: float = 0.0
    weight_without_network: float = 0.0
    unit_rows: bool = False
    components: int | None = None

    @property
    def by_network(self) -> bool:
        """Whether the network computes the block."""
        return self.input is Input.NETWORK

    @property
    def in_extraction(self) -> bool:
        """Whether extraction computes the block from the pixels of a single image alone."""
        return self.input not in (Input.DEFECT_MAP, Input.FOUND_DEFECT)

    @property
    def of_whole_image(self) -> bool:
        """Whether the block describes the whole image and not only its defect."""
        return self.input not in (Input.MASK, Input.DEFECT_MAP, Input.FOUND_DEFECT)

    def key(self, sha256: str, row_key: str) -> str:
        """Return the key under which an image's vector is stored.

        Parameters
        ----------
        sha256 : str
            SHA-256 of the file's content.
        row_key : str
            `stored_vectors.row_key` of the image, which also depends on its sidecar file.
        """
        return row_key if self.of_whole_image else sha256

    def vectors(self, images: Sequence[ImageArray]) -> Vectors:
        """Compute a block that needs no network.

        Parameters
        ----------
        images : sequence of n arrays
            Shape and dtype as `input` requires; n is at least 1.

        Returns
        -------
        (n, d) float32

        Raises
        ------
        ValueError
            If the network computes the block, or a later step does.
        """
        if self.function is None:
            raise ValueError(f"the block {self.name} is not computed from single images without the network")
        if self.batched:
            return self.function(np.stack(images))
        return np.stack([self.function(image) for image in images])
