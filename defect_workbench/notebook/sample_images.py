"""The built-in sample set, to try the library interface with."""

from __future__ import annotations

from pathlib import Path

from defect_workbench.resources import resource


def sample_folder() -> Path:
    """Return the folder of the built-in sample set: 245 synthetic images of defects.

    Examples
    --------
    >>> features = extract(sample_folder())
    >>> len(features)
    245
    """
    return resource("sample")
