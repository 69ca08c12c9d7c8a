"""Which program this is, and how it was installed."""

from __future__ import annotations

import platform
import sys
from pathlib import Path

from defect_workbench import __version__
from defect_workbench.resources import resource
from defect_workbench.workflows.self_check.check import Finding, Machine, SelfCheck, failed, ok


def _kind() -> str:
    if getattr(sys, "frozen", False):
        return f"bundle, {Path(sys.executable).parent}"
    package = Path(__file__).parents[3]
    kind = "installed package" if (package / "_resources").is_dir() else "checkout"
    return f"{kind}, {package}"


def _run(machine: Machine) -> Finding:
    lines = (
        f"Defect Workbench {__version__} ({_kind()})",
        f"Python {platform.python_version()} on {platform.platform()}",
    )
    if not any(resource("sample").glob("*.jpg")):
        return failed(*lines, "the sample set is missing", remedy="install the program again")
    return ok(*lines)


ENTRY = SelfCheck("installation", "Program", _run)
