"""Which optional extras are installed."""

from __future__ import annotations

import importlib.util
from importlib import import_module

from defect_workbench.workflows.self_check.check import Finding, Machine, SelfCheck, failed, ok

EXTRAS = {
    "afm": ("AFMReader.general_loader", "height maps of Bruker, Igor and ASD"),
    "onnx": ("onnx.checker", "classifiers for other programs"),
    "cluster": ("distributed", "extraction on several machines"),
}


def _run(machine: Machine) -> Finding:
    lines, broken = [], []
    for extra, (module, use) in EXTRAS.items():
        present = importlib.util.find_spec(module.partition(".")[0]) is not None
        if present:
            try:
                import_module(module)
            except Exception as error:
                broken.append(f"{extra}: {module} cannot be loaded ({error})")
                continue
        lines.append(f"{extra} is {'installed' if present else 'not installed'} ({use})")
    if broken:
        return failed(*lines, *broken, remedy="install the extra again, or remove its package")
    return ok(*lines)


ENTRY = SelfCheck("extras", "Extras", _run)
