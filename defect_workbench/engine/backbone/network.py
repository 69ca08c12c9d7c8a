"""What a network is to the rest of the program. Nothing here imports torch."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from defect_workbench.engine.backbone.checkpoint import Checkpoint, Variant

if TYPE_CHECKING:
    from torch import Tensor, nn

# Every batch is filled up to this size: the same image then gives the same vector to the last bit
# whatever its neighbours are, so a resumed run ends like an uninterrupted one.
BATCH = 32


class Precision(StrEnum):
    """Of a network's weights and activations."""

    FP32 = "fp32"
    BF16 = "bf16"
    FP16 = "fp16"


@dataclass(frozen=True)
class Description:
    """How the activations of a network become the vector of an image.

    A feature block names the description that it holds; several blocks may describe one pass through the
    network in different ways. A change of `pool` needs a new version of that block.

    Attributes
    ----------
    name : str
        Unique within the network.
    columns : int
        Length of the vector.
    pool : callable
        From activations by name, each (n, channels, height, width), to (n, columns).
    """

    name: str
    columns: int
    pool: Callable[[Mapping[str, Tensor]], Tensor]


@dataclass(frozen=True)
class Network:
    """A network whose activations describe images.

    Attributes
    ----------
    name : str
        Used in files.
    label : str
        For people.
    file_prefix : str
        Cached weights are called `<prefix>-<hash>.safetensors`.
    input_size : int
        Height and width of the images it sees, in pixels.
    descriptions : tuple of Description
        The first is that of the block `deep`; fine-tuning fits its classifier to it.
    shapes : callable
        The tensors that a checkpoint must have.
    build : callable
        The network with the checkpoint's tensors, in evaluation mode, without gradients, float32.
    fold : callable
        Make a built network faster in place, as far as its results stay the same but for rounding.
    normalise : callable
        What is done to (n, 3, height, width) RGB images from 0 to 255 before the first layer.
    activations : callable
        The named activations of a batch of normalised images, among them `last_input` and `last_block`. The
        third argument says whether the last block is run at all.
    last_block : str
        Attribute of the last block, which fine-tuning fits; also the name of its activations.
    last_input : str
        Name of the activations that go into it.
    last_input_shape : tuple of int
        Of one image: (channels, height, width).
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

    def description(self, name: str) -> Description:
        """The description of a name.

        Raises
        ------
        KeyError
            If the network has none.
        """
        return {description.name: description for description in self.descriptions}[name]
