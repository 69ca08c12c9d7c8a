"""Compute feature vectors of images with a network, at the fastest precision the machine supports."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np
import torch

from defect_workbench.core.arrays import Pixels, Vectors
from defect_workbench.engine.backbone.checkpoint import Checkpoint
from defect_workbench.engine.backbone.fused_resnet import can_fuse
from defect_workbench.engine.backbone.network import BATCH, Activations, Precision
from defect_workbench.engine.backbone.registry import NETWORKS

_DTYPES = {
    Precision.FP32: torch.float32,
    Precision.BF16: torch.bfloat16,
    Precision.BF16_FUSED: torch.bfloat16,
    Precision.FP16: torch.float16,
}
# With fused operators, the activations of this many images stay in the processor's cache between layers.
_CACHED = 8
# In single precision, fused operators round like the others.
_FUSED = (Precision.FP32, Precision.BF16_FUSED)


def multiplies_bf16() -> bool:
    """Return whether the processor multiplies bfloat16 natively; emulated, it takes seven times as long."""
    capabilities = torch.cpu.get_capabilities()
    return bool(capabilities.get("avx512_bf16") or capabilities.get("amx_bf16"))


def fastest_precision(device: torch.device) -> Precision:
    """Return fp16 on CUDA, bf16 on a processor that multiplies it natively, and fp32 elsewhere."""
    if device.type == "cuda":
        return Precision.FP16
    if not multiplies_bf16():
        return Precision.FP32
    return Precision.BF16_FUSED if can_fuse() else Precision.BF16


def default_device() -> torch.device:
    """Return the CUDA device if one is available, else the CPU."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


class Embedder:
    """Computes the vectors of a network's descriptions for images.

    Parameters
    ----------
    checkpoint : Checkpoint
        The weights; they determine the network.
    precision : Precision, optional
        Default: `fastest_precision` of the device.
    device : torch.device, optional
        Default: `default_device`.
    descriptions : sequence of str, optional
        Names of the descriptions to compute; default: all of the network.
    """

    def __init__(
        self,
        checkpoint: Checkpoint,
        precision: Precision | None = None,
        device: torch.device | None = None,
        descriptions: Sequence[str] | None = None,
    ) -> None:
        self.network = NETWORKS[checkpoint.network]
        self._descriptions = (
            self.network.descriptions
            if descriptions is None
            else [self.network.description(name) for name in descriptions]
        )
        self._variant = checkpoint.variant
        self._device = device or default_device()
        precision = precision or fastest_precision(self._device)
        self._dtype = _DTYPES[precision]
        module: Any = self.network.build(checkpoint)
        self.network.fold(module)
        module = module.to(device=self._device, dtype=self._dtype, memory_format=torch.channels_last)
        self._run: Activations = partial(self.network.activations, module)
        fuses = precision in _FUSED and self._device.type == "cpu" and can_fuse()
        self._part = BATCH
        if self.network.fused is not None and fuses:
            size = self.network.input_size
            self._part = min(_CACHED, BATCH)
            self._run = self.network.fused(module, (self._part, 3, size, size))

    def embed(self, images: Pixels) -> dict[str, Vectors]:
        """Return the vectors of a batch, by description.

        Parameters
        ----------
        images : (n, size, size, 3) uint8
            RGB, of the network's input size; n from 1 to `BATCH`.

        Returns
        -------
        dict of str to (n, columns) float32
            Rounded to half precision if the description is stored so, so that stored and fresh vectors are
            bit-identical.
        """
        with torch.inference_mode():
            parts = [self._described(part) for part in self._parts(images)]
        return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}

    def activations(self, images: Pixels, *, last: bool) -> dict[str, torch.Tensor]:
        """Return the activations of a batch by name, with those of the last block only if `last`.

        Parameters
        ----------
        images : (n, size, size, 3) uint8
            As for `embed`.

        Returns
        -------
        dict of str to (n, channels, height, width) Tensor
            On the device and in the precision of the computation.
        """
        with torch.inference_mode():
            parts = [self._activations(part, last=last) for part in self._parts(images)]
            return {name: torch.cat([part[name] for part in parts]) for name in parts[0]}

    def _parts(self, images: Pixels) -> list[Pixels]:
        return [images[start : start + self._part] for start in range(0, len(images), self._part)]

    def _described(self, images: Pixels) -> dict[str, Vectors]:
        """Return the vectors of at most a part of a batch, by description."""
        activations = self._activations(images, last=True)
        return {
            description.name: _rounded(description.pool(activations), description.half).numpy()
            for description in self._descriptions
        }

    def _activations(self, images: Pixels, *, last: bool) -> dict[str, torch.Tensor]:
        """Return the activations of a part of a batch, which is filled up for the computation."""
        size = self.network.input_size
        batch = torch.zeros((self._part, size, size, 3), dtype=torch.uint8)
        batch[: len(images)] = torch.from_numpy(images)
        channels_first = batch.to(self._device).permute(0, 3, 1, 2)
        prepared = self.network.normalise(self._variant, channels_first).to(self._dtype)
        outputs = self._run(prepared.contiguous(memory_format=torch.channels_last), last)
        return {name: each[: len(images)] for name, each in outputs.items()}


def _rounded(vectors: torch.Tensor, half: bool) -> torch.Tensor:
    return (vectors.half() if half else vectors).float().cpu()
