"""The processor, what the network can use of it, and the memory."""

from __future__ import annotations

import os
import platform
from pathlib import Path

from defect_workbench.workflows.self_check.check import Finding, Machine, SelfCheck, limited, ok

_GB = 1e9
_NEEDED_GB = 4
_FEATURES = ("amx_bf16", "avx512_bf16", "avx512_f", "avx2")


def _name() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    named = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(named, "") or platform.processor() or platform.machine()


def _cores() -> int:
    """Return the cores that this process may use."""
    affinity = getattr(os, "sched_getaffinity", None)
    return len(affinity(0)) if affinity is not None else os.cpu_count() or 1


def _memory() -> tuple[int, int] | None:
    """Return the bytes of memory, and those still free; None where the system does not tell."""
    try:
        lines = Path("/proc/meminfo").read_text(encoding="ascii").splitlines()
        kilobytes = {name: int(rest.split()[0]) for name, _, rest in (line.partition(":") for line in lines)}
        return 1024 * kilobytes["MemTotal"], 1024 * kilobytes["MemAvailable"]
    except (OSError, ValueError, IndexError, KeyError):
        return None


def _run(machine: Machine) -> Finding:
    from defect_workbench.engine.backbone.torch_import import load_torch

    load_torch()
    import torch

    from defect_workbench.engine.backbone.embedder import fastest_precision

    capabilities = torch.cpu.get_capabilities()
    features = [name.upper() for name in _FEATURES if capabilities.get(name)]
    precision = fastest_precision(torch.device("cpu"))
    lines = [
        f"{_name()}, {platform.machine()}; {_cores()} cores usable, {torch.get_num_threads()} threads",
        f"{', '.join(features) or 'no vector extension that helps'}: the network runs in {precision} here",
    ]
    memory = _memory()
    if memory is None:
        return ok(*lines)
    total, free = memory
    lines.append(f"{total / _GB:.0f} GB of memory, {free / _GB:.0f} GB free")
    if total < _NEEDED_GB * _GB:
        return limited(*lines, remedy=f"sets of some thousand images need at least {_NEEDED_GB} GB of memory")
    return ok(*lines)


ENTRY = SelfCheck("processor", "Processor", _run)
