"""The one way to the files under resources/."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path


def resource(*parts: str) -> Path:
    """A file or folder of the resources: inside the package once installed, beside it in a checkout."""
    installed = Path(str(files("defect_workbench"))) / "_resources"
    base = installed if installed.is_dir() else Path(__file__).resolve().parent.parent / "resources"
    return base.joinpath(*parts)
