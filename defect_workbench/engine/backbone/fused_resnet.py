"""ResNet-50 by oneDNN's fused operators: convolutions that add the shortcut and apply ReLU as they write.

That saves a pass through memory per operator, about a fifth of the time. PyTorch's compiler uses the same
operators (`torch._inductor.mkldnn_ir`); called directly, they need no compiler on the user's machine.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from torch import Tensor, nn

    from defect_workbench.engine.backbone.torchvision_gate import ResNet


def can_fuse() -> bool:
    """Return whether this build of PyTorch has the operators."""
    import torch

    # PyTorch's own flag of the same name needs a call without types.
    if not torch._C._has_mkldnn:
        return False
    names = ("_reorder_convolution_weight", "_convolution_pointwise", "_convolution_pointwise_")
    return all(hasattr(torch.ops.mkldnn, name) for name in names)


class FusedConvolution:
    """A convolution with its weights in the order that oneDNN prefers for one shape of input.

    Parameters
    ----------
    convolution : Conv2d
        With a bias, on the CPU.
    shape : tuple of int
        Of its input: (n, channels, height, width).
    """

    def __init__(self, convolution: nn.Conv2d, shape: tuple[int, ...]) -> None:
        import torch

        self._operators: Any = torch.ops.mkldnn
        geometry = (
            list(cast("tuple[int, int]", convolution.padding)),
            list(convolution.stride),
            list(convolution.dilation),
            convolution.groups,
        )
        weight = self._operators._reorder_convolution_weight(
            convolution.weight.detach(), *geometry, list(shape)
        )
        bias = None if convolution.bias is None else convolution.bias.detach()
        self._arguments = (weight, bias, *geometry)
        rows, columns = (
            (side + 2 * padding - kernel) // stride + 1
            for side, padding, kernel, stride in zip(
                shape[2:], geometry[0], convolution.kernel_size, convolution.stride, strict=True
            )
        )
        self.output_shape = (shape[0], convolution.out_channels, rows, columns)

    def __call__(self, values: Tensor, *, relu: bool = False) -> Tensor:
        """Return the convolution of values, after ReLU if asked for."""
        after = "relu" if relu else "none"
        result: Tensor = self._operators._convolution_pointwise(values, *self._arguments, after, [], "")
        return result

    def add_to(self, shortcut: Tensor, values: Tensor) -> Tensor:
        """Add the convolution of values, (n, c, h, w), to a shortcut, in place, apply ReLU, and return it."""
        result: Tensor = self._operators._convolution_pointwise_.binary(
            shortcut, values, *self._arguments, "add", 1.0, "relu", [], ""
        )
        return result


class _FusedBlock:
    """A bottleneck block; `layers` are its three convolutions."""

    def __init__(self, block: Any, shape: tuple[int, ...]) -> None:
        self.first = FusedConvolution(block.conv1, shape)
        self.second = FusedConvolution(block.conv2, self.first.output_shape)
        self.third = FusedConvolution(block.conv3, self.second.output_shape)
        self.shortcut = None if block.downsample is None else FusedConvolution(block.downsample[0], shape)

    def __call__(self, values: Tensor) -> Tensor:
        inside = self.second(self.first(values, relu=True), relu=True)
        # The input of a block without a convolution in its shortcut is not needed afterwards.
        return self.third.add_to(values if self.shortcut is None else self.shortcut(values), inside)


class FusedResNet:
    """A ResNet-50 whose batch norms are folded, for input of one shape; used by several threads at once.

    Parameters
    ----------
    network : Module
        Folded, on the CPU, in the precision of the computation.
    layers : sequence of str
        Attributes of its layers, from first to last.
    shape : tuple of int
        Of its input: (n, 3, height, width).
    """

    def __init__(self, network: nn.Module, layers: Sequence[str], shape: tuple[int, ...]) -> None:
        resnet = cast("ResNet", network)
        self._stem = FusedConvolution(resnet.conv1, shape)
        self._pool: Any = resnet.maxpool
        rows, columns = ((side + 1) // 2 for side in self._stem.output_shape[2:])
        shape = (*self._stem.output_shape[:2], rows, columns)
        self._layers: dict[str, list[_FusedBlock]] = {}
        for name in layers:
            blocks = self._layers[name] = []
            for block in getattr(resnet, name):
                blocks.append(_FusedBlock(block, shape))
                shape = blocks[-1].third.output_shape

    def __call__(self, images: Tensor, last: bool) -> Mapping[str, Tensor]:
        """Return the output of each layer by name, that of the last only if `last`.

        Parameters
        ----------
        images : (n, 3, height, width) Tensor
            As `normalise` returns them, of the shape given.
        """
        values: Tensor = self._pool(self._stem(images, relu=True))
        outputs = {}
        names = list(self._layers)
        for name in names if last else names[:-1]:
            for block in self._layers[name]:
                values = block(values)
            outputs[name] = values
        return outputs
