"""Whether the window can be shown; Qt itself is not started, so no display is needed."""

from __future__ import annotations

import importlib.util
import os
import sys
from importlib.metadata import PackageNotFoundError, version

from defect_workbench.display_libraries import qt_library, why_not_loaded
from defect_workbench.workflows.self_check.check import Finding, Machine, SelfCheck, failed, limited, ok

_HEADLESS = "the commands work without a window"


def _qt() -> str:
    try:
        return f"Qt {version('PySide6-Essentials')}"
    except PackageNotFoundError:
        return "Qt"


def _run(machine: Machine) -> Finding:
    if importlib.util.find_spec("PySide6") is None:
        return failed("Qt (PySide6) is missing", remedy="install the program again")
    if not sys.platform.startswith("linux"):
        return ok(_qt())
    shown = [f"{name}={os.environ[name]}" for name in ("DISPLAY", "WAYLAND_DISPLAY") if os.environ.get(name)]
    session = f"display of this session: {', '.join(shown) or f'none; {_HEADLESS}'}"
    plugin = qt_library()
    if plugin is None:
        return limited(_qt(), session, "the part of Qt for X servers is not where this program installs it")
    problem = why_not_loaded(plugin)
    if problem is None:
        return ok(f"{_qt()}; the libraries for X servers can be loaded", session)
    reason, _, remedy = problem.partition(". ")
    finding = failed if shown else limited
    return finding(_qt(), session, reason, remedy=remedy)


ENTRY = SelfCheck("display", "Window", _run)
