"""Access to the files in resources/."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path


def resource(*parts: str) -> Path:
    """Return the path of a resource: inside the installed package, or beside it in a checkout."""
    installed = Path(str(files("defect_workbench"))) / "_resources"
    base = installed if installed.is_dir() else Path(__file__).resolve().parent.parent / "resources"
    return base.joinpath(*parts)
