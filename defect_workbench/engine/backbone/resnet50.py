"""ResNet-50 up to its global average, at the fastest sound precision of the machine."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from defect_workbench.core.arrays import Pixels
from defect_workbench.engine.backbone.pretrained.checkpoint_files import Checkpoint, Variant
from defect_workbench.engine.backbone.torchvision_gate import Bottleneck, ResNet, resnet50

if TYPE_CHECKING:
    Preprocess = Callable[[Tensor], Tensor]

INPUT_SIZE = 224
# Every batch is filled up to this size: the same image then gives the same vector to the last bit
# whatever its neighbours are, so a resumed run ends like an uninterrupted one.
BATCH = 32


class Precision(StrEnum):
    """Of the network's weights and activations."""

    FP32 = "fp32"
    BF16 = "bf16"
    FP16 = "fp16"


def fastest_precision(device: torch.device) -> Precision:
    """bf16 where the processor multiplies it natively, fp16 on CUDA, fp32 elsewhere."""
    if device.type == "cuda":
        return Precision.FP16
    capabilities = torch.cpu.get_capabilities()
    native = capabilities.get("avx512_bf16") or capabilities.get("amx_bf16")
    return Precision.BF16 if native else Precision.FP32


def default_device() -> torch.device:
    """CUDA where there is one, else the processor."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


@dataclass(frozen=True)
class BackboneIdentity:
    """What a deep vector depends on besides the picture; part of the cache key, session and reports."""

    name: str
    sha256: str
    variant: Variant
    precision: Precision
    device: str


def _caffe_preprocess(images: Tensor) -> Tensor:
    mean = torch.tensor((103.939, 116.779, 123.68), device=images.device).view(1, 3, 1, 1)
    return images.flip(1).float() - mean


def _torchvision_preprocess(images: Tensor) -> Tensor:
    mean = torch.tensor((0.485, 0.456, 0.406), device=images.device).view(1, 3, 1, 1)
    deviation = torch.tensor((0.229, 0.224, 0.225), device=images.device).view(1, 3, 1, 1)
    return (images.float() / 255 - mean) / deviation


def preprocessing(variant: Variant) -> Preprocess:
    """What a variant wants done to (n, 3, 224, 224) RGB pictures first."""
    return _caffe_preprocess if variant is Variant.CAFFE else _torchvision_preprocess


def build_resnet(checkpoint: Checkpoint) -> ResNet:
    """torchvision's ResNet-50 with the checkpoint's numbers, in evaluation mode, fp32.

    The Caffe variant has its stride of 2 on the first 1x1 convolution of a stage (ResNet v1) and a
    batch-norm epsilon of 1e-3.
    """
    network = resnet50(weights=None)
    if checkpoint.variant is Variant.CAFFE:
        for module in network.modules():
            if isinstance(module, nn.BatchNorm2d):
                module.eps = 1e-3
            elif isinstance(module, Bottleneck) and module.downsample is not None:
                module.conv1.stride, module.conv2.stride = module.conv2.stride, module.conv1.stride
    network.load_state_dict(checkpoint.tensors, strict=False)
    return network.eval().requires_grad_(False)


def _fold_batch_norms(network: ResNet) -> None:
    network.conv1 = fuse_conv_bn_eval(network.conv1, network.bn1)
    network.bn1 = nn.Identity()
    for module in network.modules():
        if not isinstance(module, Bottleneck):
            continue
        for number in (1, 2, 3):
            convolution, norm = getattr(module, f"conv{number}"), getattr(module, f"bn{number}")
            setattr(module, f"conv{number}", fuse_conv_bn_eval(convolution, norm))
            setattr(module, f"bn{number}", nn.Identity())
        if module.downsample is not None:
            module.downsample = nn.Sequential(fuse_conv_bn_eval(*module.downsample))


class Backbone:
    """Turns pictures into deep vectors.

    Parameters
    ----------
    checkpoint : Checkpoint
        The weights.
    precision : Precision, optional
        Default: `fastest_precision` of the device.
    device : torch.device, optional
        Default: `default_device`.
    """

    def __init__(
        self,
        checkpoint: Checkpoint,
        precision: Precision | None = None,
        device: torch.device | None = None,
    ) -> None:
        self._device = device or default_device()
        self._precision = precision or fastest_precision(self._device)
        self._dtype = {
            Precision.FP32: torch.float32,
            Precision.BF16: torch.bfloat16,
            Precision.FP16: torch.float16,
        }[self._precision]
        self._preprocess = preprocessing(checkpoint.variant)
        network = build_resnet(checkpoint)
        network.fc = nn.Identity()
        _fold_batch_norms(network)
        self._network = network.to(device=self._device, dtype=self._dtype, memory_format=torch.channels_last)
        self.identity = BackboneIdentity(
            checkpoint.name, checkpoint.sha256, checkpoint.variant, self._precision, self._device.type
        )

    def embed(self, images: Pixels) -> NDArray[np.float32]:
        """Global average of layer 4.

        Parameters
        ----------
        images : (n, 224, 224, 3) uint8
            RGB; n at most `BATCH`.

        Returns
        -------
        (n, 2048) float32
        """
        count = len(images)
        batch = torch.zeros((BATCH, INPUT_SIZE, INPUT_SIZE, 3), dtype=torch.uint8)
        batch[:count] = torch.from_numpy(images)
        with torch.inference_mode():
            pictures = batch.to(self._device).permute(0, 3, 1, 2)
            prepared = (
                self._preprocess(pictures).to(self._dtype).contiguous(memory_format=torch.channels_last)
            )
            vectors: Tensor = self._network(prepared).float().cpu()
        result: NDArray[np.float32] = vectors[:count].numpy()
        return result
