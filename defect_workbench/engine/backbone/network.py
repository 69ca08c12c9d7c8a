"""The interface between a network and the rest of the program; this module does not import torch."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, TypeAlias

from defect_workbench.core.clustering.feature_blocks import AVERAGE
from defect_workbench.engine.backbone.checkpoint import Checkpoint, Variant

if TYPE_CHECKING:
    from torch import Tensor, nn

# The network computes this many images at once, or with fused operators a fixed part of them. Smaller batches
# are padded, so that an image's vector is bit-identical whatever else is in its batch, and a resumed run
# gives the same result as an uninterrupted one.
BATCH = 32


class Precision(StrEnum):
    """The number format of a network's weights and activations.

    With fused operators, sums within a block of the network are rounded to bfloat16 once instead of twice, so
    that vectors differ in their last digits.
    """

    FP32 = "fp32"
    BF16 = "bf16"
    BF16_FUSED = "bf16-fused"
    FP16 = "fp16"


Activations: TypeAlias = "Callable[[Tensor, bool], Mapping[str, Tensor]]"


@dataclass(frozen=True)
class Description:
    """How the activations of a network become the vector of an image.

    The block `deep` stores the one in use; another feature block may name a fixed one, computed in the same
    pass through the network. Files name the description, so if `pool` changes, it needs a new name.

    Attributes
    ----------
    name : str
        Unique within the network.
    columns : int
        Length of the vector.
    pool : callable
        Maps activations by name, each (n, channels, height, width), to (n, columns).
    label : str
        What it is, in words, such as "mean of layer 4".
    half : bool
        Whether vectors are rounded to half precision, in which the feature store then keeps them.
    """

    name: str
    columns: int
    pool: Callable[[Mapping[str, Tensor]], Tensor]
    label: str = ""
    half: bool = False


@dataclass(frozen=True)
class Network:
    """A network whose activations describe images.

    Attributes
    ----------
    name : str
        Used in files.
    label : str
        Shown to the user.
    file_prefix : str
        Cached weights are named `<prefix>-<hash>.safetensors`.
    input_size : int
        Height and width of its input, in pixels.
    descriptions : tuple of Description
        The first is the one in use, unless a session or a model names another.
    shapes : callable
        Returns the names and shapes of the tensors that a checkpoint must have.
    build : callable
        Returns the network with the checkpoint's tensors, in evaluation mode, without gradients, float32.
    fold : callable
        Makes a built network faster, in place; results change by rounding only.
    normalise : callable
        Normalises (n, 3, height, width) RGB images from 0 to 255 for the first layer.
    activations : callable
        Returns the activations of a batch of normalised images by name, among them `last_input` and, if the
        third argument is true, `last_block`.
    fused : callable, optional
        Makes a folded network on a CPU, for one shape of input, into a function that returns the same
        activations faster; called only where `can_fuse` of `fused_resnet` is true.
    last_block : str
        Attribute of the last block, which fine-tuning trains; also the name of its activations.
    last_input : str
        Name of the last block's input activations.
    last_input_shape : tuple of int
        Shape for one image: (channels, height, width).
    """

    name: str
    label: str
    file_prefix: str
    input_size: int
    descriptions: tuple[Description, ...]
    shapes: Callable[[], Mapping[str, tuple[int, ...]]]
    build: Callable[[Checkpoint], nn.Module]
    fold: Callable[[nn.Module], None]
    normalise: Callable[[Variant, Tensor], Tensor]
    activations: Callable[[nn.Module, Tensor, bool], Mapping[str, Tensor]]
    last_block: str
    last_input: str
    last_input_shape: tuple[int, int, int]
    fused: Callable[[nn.Module, tuple[int, ...]], Activations] | None = None

    def description(self, name: str) -> Description:
        """Return the description with this name.

        Raises
        ------
        KeyError
            If the network has no such description.
        """
        return {description.name: description for description in self.descriptions}[name]

    def tuning_description(self) -> Description:
        """Return the description on which fine-tuning trains its classifier: `AVERAGE`, or else the first."""
        by_name = {description.name: description for description in self.descriptions}
        return by_name.get(AVERAGE, self.descriptions[0])
