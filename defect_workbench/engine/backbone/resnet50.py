"""ResNet-50, in the variants of torchvision and of Caffe (ResNet v1).

Source: K. He, X. Zhang, S. Ren, J. Sun, "Deep residual learning for image recognition", CVPR (2016).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, cast

from defect_workbench.core.clustering.feature_blocks import AVERAGE
from defect_workbench.engine.backbone.checkpoint import Checkpoint, Variant
from defect_workbench.engine.backbone.count_sketch import sketch
from defect_workbench.engine.backbone.network import Activations, Description, Network

if TYPE_CHECKING:
    from torch import Tensor, nn

    from defect_workbench.engine.backbone.torchvision_gate import ResNet


LAYERS = ("layer1", "layer2", "layer3", "layer4")


def shapes() -> dict[str, tuple[int, ...]]:
    """Return the shapes of torchvision's tensors by name, without the batch counters."""
    import torch

    with torch.device("meta"):
        state = _without_values().state_dict()
    return {
        key: tuple(value.shape) for key, value in state.items() if not key.endswith("num_batches_tracked")
    }


def _without_values() -> ResNet:
    """Return torchvision's ResNet-50 without drawing random weights, which are replaced anyway.

    On the device "meta", drawing them would also load torch's compiler.
    """
    from torch.overrides import TorchFunctionMode

    from defect_workbench.engine.backbone.torchvision_gate import resnet50

    class NoRandomValues(TorchFunctionMode):
        def __torch_function__(
            self, function: Any, types: Any, arguments: Any = (), options: Any = None
        ) -> Any:
            options = options or {}
            if function.__name__ in ("normal_", "uniform_", "kaiming_uniform_"):
                return options["tensor"] if "tensor" in options else arguments[0]
            return function(*arguments, **options)

    with NoRandomValues():
        return resnet50(weights=None)


def build_resnet(checkpoint: Checkpoint, *, draw: bool = False) -> ResNet:
    """Return torchvision's ResNet-50 with the checkpoint's tensors, in evaluation mode, float32.

    The Caffe variant has the stride of 2 on the first 1x1 convolution of a stage and a batch-norm epsilon of
    1e-3.

    Parameters
    ----------
    checkpoint : Checkpoint
    draw : bool
        Whether to draw random weights first, though they are replaced: then a seed gives the caller the same
        random numbers afterwards as in earlier versions.
    """
    from torch import nn

    from defect_workbench.engine.backbone.torchvision_gate import Bottleneck, resnet50

    network = resnet50(weights=None) if draw else _without_values()
    if checkpoint.variant is Variant.CAFFE:
        for module in network.modules():
            if isinstance(module, nn.BatchNorm2d):
                module.eps = 1e-3
            elif isinstance(module, Bottleneck) and module.downsample is not None:
                module.conv1.stride, module.conv2.stride = module.conv2.stride, module.conv1.stride
    network.load_state_dict(checkpoint.tensors, strict=False)
    return network.eval().requires_grad_(False)


def fold_batch_norms(network: nn.Module) -> None:
    """Fold each batch norm into the preceding convolution, in place."""
    from torch import nn
    from torch.nn.utils.fusion import fuse_conv_bn_eval

    from defect_workbench.engine.backbone.torchvision_gate import Bottleneck

    resnet = cast("ResNet", network)
    resnet.conv1 = fuse_conv_bn_eval(resnet.conv1, resnet.bn1)
    resnet.bn1 = nn.Identity()
    for module in resnet.modules():
        if not isinstance(module, Bottleneck):
            continue
        for number in (1, 2, 3):
            convolution, norm = getattr(module, f"conv{number}"), getattr(module, f"bn{number}")
            setattr(module, f"conv{number}", fuse_conv_bn_eval(convolution, norm))
            setattr(module, f"bn{number}", nn.Identity())
        if module.downsample is not None:
            module.downsample = nn.Sequential(fuse_conv_bn_eval(*module.downsample))


def normalise(variant: Variant, images: Tensor) -> Tensor:
    """Normalise images as in the training of the variant: Caffe's input is BGR and only centred.

    Parameters
    ----------
    images : (n, 3, height, width) Tensor
        RGB, from 0 to 255.

    Returns
    -------
    (n, 3, height, width) float32 Tensor
    """
    import torch

    if variant is Variant.CAFFE:
        mean = torch.tensor((103.939, 116.779, 123.68), device=images.device).view(1, 3, 1, 1)
        return images.flip(1).float() - mean
    mean = torch.tensor((0.485, 0.456, 0.406), device=images.device).view(1, 3, 1, 1)
    deviation = torch.tensor((0.229, 0.224, 0.225), device=images.device).view(1, 3, 1, 1)
    return (images.float() / 255 - mean) / deviation


def activations(network: nn.Module, images: Tensor, last: bool) -> dict[str, Tensor]:
    """Return the outputs of layers 1 to 3 and, if `last`, of layer 4.

    Parameters
    ----------
    images : (n, 3, height, width) Tensor
        As `normalise` returns them.

    Returns
    -------
    dict of str to (n, channels, height, width) Tensor
    """
    net = cast("ResNet", network)
    x = net.maxpool(net.relu(net.bn1(net.conv1(images))))
    outputs = {}
    for name in LAYERS if last else LAYERS[:-1]:
        x = outputs[name] = getattr(net, name)(x)
    return outputs


def average(outputs: Mapping[str, Tensor]) -> Tensor:
    """Return the global average of layer 4.

    Parameters
    ----------
    outputs : mapping of str to (n, channels, height, width) Tensor

    Returns
    -------
    (n, 2048) Tensor
    """
    from torch.nn.functional import adaptive_avg_pool2d

    return adaptive_avg_pool2d(outputs["layer4"], 1).flatten(1)


# Three statistics of the 1,024 channels of layer 3 and the 2,048 of layer 4 are 9,216 numbers; 4,096 sums of
# them take 8 kB in half precision.
COLUMNS = 4096
SKETCH_SEED = 11
# The maps of this many images stay in the processor's cache while they are squared and summed.
_CACHED_IMAGES = 4


def moments(outputs: Mapping[str, Tensor]) -> Tensor:
    """Return mean, standard deviation and maximum of layers 3 and 4, reduced by a sketch.

    Each of the six is divided by its L2 norm, so that they have the same share in distances.

    Parameters
    ----------
    outputs : mapping of str to (n, channels, height, width) Tensor

    Returns
    -------
    (n, COLUMNS) float32 Tensor
    """
    import torch
    from torch.nn.functional import normalize

    parts = [normalize(each) for name in ("layer3", "layer4") for each in channel_statistics(outputs[name])]
    return sketch(torch.cat(parts, 1), COLUMNS, SKETCH_SEED)


def channel_statistics(maps: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Return the mean, the population standard deviation and the maximum of each channel over all positions.

    Parameters
    ----------
    maps : (n, channels, height, width) Tensor

    Returns
    -------
    tuple of three (n, channels) float32 Tensor
    """
    import torch

    values = maps.permute(0, 2, 3, 1).flatten(1, 2)  # a view if channels are last in memory
    means, squares = [], []
    for part in torch.split(values, _CACHED_IMAGES):
        wide = part.float()
        means.append(wide.mean(1))
        squares.append(wide.square().mean(1))
    mean = torch.cat(means)
    spread = (torch.cat(squares) - mean.square()).clamp_min(0).sqrt()
    return mean, spread, values.amax(1).float()


def _fused(network: nn.Module, shape: tuple[int, ...]) -> Activations:
    from defect_workbench.engine.backbone.fused_resnet import FusedResNet

    return FusedResNet(network, LAYERS, shape)


ENTRY = Network(
    name="resnet50",
    label="ResNet-50",
    file_prefix="resnet50",
    input_size=224,
    descriptions=(
        Description("moments", COLUMNS, moments, "mean, spread and maximum of layers 3 and 4", half=True),
        Description(AVERAGE, 2048, average, "mean of layer 4"),
    ),
    shapes=shapes,
    build=build_resnet,
    fold=fold_batch_norms,
    normalise=normalise,
    activations=activations,
    fused=_fused,
    last_block="layer4",
    last_input="layer3",
    last_input_shape=(1024, 14, 14),
)
