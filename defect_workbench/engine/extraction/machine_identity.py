"""What the bits of a vector depend on besides the image: identities of features, versions, and the processor.

Another processor may add in another order, so that the same program computes vectors that differ in the last
bits. Machines of equal identity compute the same vectors, however many threads they have and whatever images
share a batch.
"""

from __future__ import annotations

import os
import platform
import re
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from defect_workbench import __version__
from defect_workbench.core.images.preprocessing_steps import Preprocessing
from defect_workbench.engine.features.identity import (
    DECODER,
    NetworkInUse,
    block_identity,
    measured_identity,
)
from defect_workbench.engine.features.registry import BLOCKS

# What decodes, measures and describes images.
_LIBRARIES = ("numpy", "scipy", "scikit-image", "mahotas", "pillow", "tifffile", "imagecodecs")
# Limits that users may set for the kernels of oneDNN and of torch.
_KERNEL_VARIABLES = ("ONEDNN_MAX_CPU_ISA", "DNNL_MAX_CPU_ISA", "ATEN_CPU_CAPABILITY")


@dataclass(frozen=True)
class MachineIdentity:
    """What the bits of the vectors depend on that a machine computes.

    Attributes
    ----------
    features : mapping of str to mapping
        The identity of each block, of the measurements and of the decoders.
    device : str
        Where the network would run; empty without a network.
    precision : str
        The fastest precision of that device; empty without a network.
    processor : str
        Its name, family and model.
    kernels : str
        Which variants of computing kernels are chosen.
    versions : mapping of str to str
        Of the program and of the packages that vectors depend on.
    """

    features: Mapping[str, Mapping[str, Any]]
    device: str
    precision: str
    processor: str
    kernels: str
    versions: Mapping[str, str]


@dataclass(frozen=True)
class MachineDifferences:
    """How a machine differs from another one, in phrases such as "its processor is A, not B".

    Attributes
    ----------
    of_features : tuple of str
        Its vectors would be of another kind, which the feature store keeps apart.
    of_bits : tuple of str
        Its vectors may differ in the last bits.
    """

    of_features: tuple[str, ...] = ()
    of_bits: tuple[str, ...] = ()


def machine_identity(processing: Preprocessing, network: NetworkInUse | None) -> MachineIdentity:
    """Return the identity of this machine for features with this preprocessing and network.

    Parameters
    ----------
    network : NetworkInUse or None
        None leaves the network out, and torch is not imported.
    """
    packages = (*_LIBRARIES, "torch") if network is not None else _LIBRARIES
    device, precision, kernels = "", "", _kernels()
    if network is not None:
        device, precision, capability = _of_torch()
        kernels = f"{kernels}, torch {capability}"
    return MachineIdentity(
        _features(processing, network),
        device,
        precision,
        _processor(),
        kernels,
        {"defect-workbench": __version__, **{name: _version(name) for name in packages}},
    )


def machine_differences(machine: MachineIdentity, other: MachineIdentity) -> MachineDifferences:
    """Return how a machine differs from another one."""
    of_features = []
    names = sorted({*machine.features, *other.features})
    different = [name for name in names if machine.features.get(name) != other.features.get(name)]
    if different:
        of_features.append(f"it computes {', '.join(different)} in another way")
    if machine.device != other.device:
        of_features.append(_phrase("network device", machine.device, other.device))
    of_bits = []
    if machine.processor != other.processor:
        of_bits.append(_phrase("processor", machine.processor, other.processor))
    if machine.precision != other.precision:
        of_bits.append(_phrase("fastest precision", machine.precision, other.precision))
    if machine.kernels != other.kernels:
        of_bits.append(f"it computes with the kernels {machine.kernels}, not {other.kernels}")
    for package in sorted({*machine.versions, *other.versions}):
        theirs, ours = machine.versions.get(package, "none"), other.versions.get(package, "none")
        if theirs != ours:
            of_bits.append(_phrase(f"version of {package}", theirs, ours))
    return MachineDifferences(tuple(of_features), tuple(of_bits))


def _phrase(what: str, theirs: str, ours: str) -> str:
    return f"its {what} is {theirs}, not {ours}"


def _features(processing: Preprocessing, network: NetworkInUse | None) -> dict[str, Mapping[str, Any]]:
    blocks = [
        block for block in BLOCKS if block.in_extraction and (network is not None or not block.by_network)
    ]
    return {
        "images": DECODER,
        "measurements": measured_identity(processing),
        **{block.name: block_identity(block, processing, network) for block in blocks},
    }


def _of_torch() -> tuple[str, str, str]:
    """Return device, its fastest precision, and the vector instructions that torch uses."""
    from defect_workbench.engine.backbone.torch_import import load_torch

    load_torch()
    import torch

    from defect_workbench.engine.backbone.embedder import default_device, fastest_precision

    device = default_device()
    name = torch.cuda.get_device_name(device) if device.type == "cuda" else ""
    capability = " ".join(filter(None, (torch.backends.cpu.get_cpu_capability(), name)))
    return device.type, fastest_precision(device).value, capability


def _kernels() -> str:
    """Return which kernels NumPy and SciPy use for linear algebra, and which limits are set."""
    import scipy.linalg  # noqa: F401 # loads the libraries whose kernels are named
    from threadpoolctl import threadpool_info

    names = {
        f"{each['internal_api']} {each['architecture']}"
        for each in threadpool_info()
        if "architecture" in each
    }
    limits = [f"{name}={os.environ[name]}" for name in _KERNEL_VARIABLES if os.environ.get(name)]
    return ", ".join([*sorted(names), *limits])


def _processor() -> str:
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return platform.processor() or platform.machine()
    return processor_of(text) or platform.machine()


def processor_of(cpuinfo: str) -> str:
    """Return the processor that the text of `/proc/cpuinfo` describes: its name, family and model."""
    first = cpuinfo.split("\n\n", 1)[0]
    fields = dict(re.findall(r"^([^:\t\n]+?)\s*:[ \t]*(.*?)\s*$", first, re.MULTILINE))
    keys = ("vendor_id", "cpu family", "model", "CPU implementer", "CPU architecture", "CPU part")
    numbers = " ".join(fields[key] for key in keys if fields.get(key))
    name = fields.get("model name", "")
    return f"{name} ({numbers})" if name and numbers else name or numbers


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "none"
