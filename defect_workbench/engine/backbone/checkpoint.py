"""The trained weights of a network, independent of the file format they were read from."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor


class Variant(StrEnum):
    """The implementation the weights were trained with; determines strides, epsilon and normalisation."""

    TORCHVISION = "torchvision"
    CAFFE = "caffe"


@dataclass(frozen=True)
class Checkpoint:
    """Tensors by layer name, and their origin.

    Attributes
    ----------
    name : str
        Shown to the user.
    variant : Variant
        The variant of the network to which the tensors belong.
    sha256 : str
        The identity of the weights: the hash of the published file if the tensors are known to be its, else
        a hash of the tensors. It is never read from the file's own metadata.
    tensors : dict of str to Tensor
        float32; convolution kernels are (out, in, height, width).
    network : str
        Name of the `Network` that the tensors belong to.
    """

    name: str
    variant: Variant
    sha256: str
    tensors: dict[str, Tensor]
    network: str = "resnet50"
