"""Names in a result folder that clusters cannot have."""

from __future__ import annotations

from defect_workbench.core import result_files
from defect_workbench.core.project.decisions import OUTLIERS
from defect_workbench.storage.result.annotation_formats.registry import ANNOTATION_FORMATS


def annotation_names() -> tuple[str, ...]:
    """Return the names of all files that annotation formats may write."""
    return tuple(name for entry in ANNOTATION_FORMATS for name in entry.files)


def reserved_names() -> tuple[str, ...]:
    """Return all names with a meaning in a result folder."""
    return (*result_files.ALL, OUTLIERS, *annotation_names())
