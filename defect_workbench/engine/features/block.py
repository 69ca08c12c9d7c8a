"""What a feature block is: the numbers of one kind that describe an image, and how they are computed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from defect_workbench.core.arrays import Vectors

Picture = NDArray[Any]


class Input(StrEnum):
    """What a block is computed from."""

    GREY = "grey"
    """The preprocessed image, resized: (224, 224) uint8."""
    NETWORK = "network"
    """The preprocessed image at the network's input size, in RGB, through the network."""
    MASK = "mask"
    """Which pixels belong to the largest defect: (height, width) bool. It is found in the image as it is,
    without its info bar, so that preprocessing does not change it."""


@dataclass(frozen=True)
class Block:
    """A feature block.

    Attributes
    ----------
    name : str
        Used in files and on the command line.
    label, short_label : str
        For people; the short one where there is little room.
    version : str
        Of what `function` computes. Vectors of another version are computed again.
    input : Input
        What `function` is given.
    function : callable or None
        One image to (d,) float32; if `batched`, (n, height, width) to (n, d) float32. None if the network
        computes the block.
    batched : bool
        Whether several images are computed at once, which is worthwhile for matrix products.
    description : str
        For a block of the network, the name of the `Description` of its activations.
    turn_invariant : bool
        Whether quarter turns and mirroring leave the values unchanged.
    optional : bool
        Whether a classifier takes the block only where it improves held-out predictions.
    default_weight, weight_without_network : float
        The weight in the distance between images, unless the user or the data decide otherwise.
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
    function: Callable[[Picture], Vectors] | None = None
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
    def whole_picture(self) -> bool:
        """Whether the block describes the whole image and not only its largest defect."""
        return self.input is not Input.MASK

    def key(self, sha256: str, row_key: str) -> str:
        """The key under which an image's vector is stored.

        Parameters
        ----------
        sha256 : str
            Of the file's content.
        row_key : str
            `stored_vectors.row_key` of the image, which also depends on its sidecar file.
        """
        return row_key if self.whole_picture else sha256

    def vectors(self, pictures: Sequence[Picture]) -> Vectors:
        """Compute a block that needs no network.

        Parameters
        ----------
        pictures : sequence of n arrays
            As `input` says; n at least 1.

        Returns
        -------
        (n, d) float32

        Raises
        ------
        ValueError
            If the network computes the block.
        """
        if self.function is None:
            raise ValueError(f"the block {self.name} is computed by the network")
        if self.batched:
            return self.function(np.stack(pictures))
        return np.stack([self.function(picture) for picture in pictures])
