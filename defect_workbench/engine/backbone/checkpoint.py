"""The trained weights of a network, read from whatever file they came in."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor


class Variant(StrEnum):
    """What the weights were trained for; it decides strides, epsilon and input normalisation."""

    TORCHVISION = "torchvision"
    CAFFE = "caffe"


@dataclass(frozen=True)
class Checkpoint:
    """Tensors under the names that a network's layers have, and where they come from.

    Attributes
    ----------
    name : str
        For people.
    variant : Variant
        The variant of the network to which the tensors belong.
    sha256 : str
        The identity of the weights: of the file as its author published it, if this is known for certain,
        else of the tensors. Never what a file says of itself.
    tensors : dict of str to Tensor
        float32, convolutions OIHW.
    network : str
        Name of the `Network` that the tensors fit.
    """

    name: str
    variant: Variant
    sha256: str
    tensors: dict[str, Tensor]
    network: str = "resnet50"
