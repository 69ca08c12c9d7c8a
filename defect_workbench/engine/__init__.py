"""Images to features, clusters and classifiers; and the library interface for notebooks and scripts.

The names in `__all__` are the public interface (docs/notebook.md). They are defined in
`defect_workbench.notebook`, above this floor, and imported when they are first used, so that importing the
engine or a part of it stays fast and needs nothing from there (docs/adr/0037-notebook-surface.md).
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from defect_workbench.core.errors import InputError, WorkbenchError
    from defect_workbench.notebook.class_proposals import Proposals, classify
    from defect_workbench.notebook.estimators import DefectClusters, FusionVectors
    from defect_workbench.notebook.image_clustering import (
        Clustering,
        Outliers,
        cluster,
        cut,
        load_session,
        outliers,
    )
    from defect_workbench.notebook.image_features import Features, extract
    from defect_workbench.notebook.labelled_export import export
    from defect_workbench.notebook.notebook_figures import plot_contact_sheet, plot_dendrogram
    from defect_workbench.notebook.notebook_jobs import WorkbenchWarning
    from defect_workbench.notebook.sample_images import sample_folder

__all__ = [
    "Clustering",
    "DefectClusters",
    "Features",
    "FusionVectors",
    "InputError",
    "Outliers",
    "Proposals",
    "WorkbenchError",
    "WorkbenchWarning",
    "classify",
    "cluster",
    "cut",
    "export",
    "extract",
    "load_session",
    "outliers",
    "plot_contact_sheet",
    "plot_dendrogram",
    "sample_folder",
]

_MODULES = {
    "core.errors": ("InputError", "WorkbenchError"),
    "notebook.class_proposals": ("Proposals", "classify"),
    "notebook.estimators": ("DefectClusters", "FusionVectors"),
    "notebook.image_clustering": ("Clustering", "Outliers", "cluster", "cut", "load_session", "outliers"),
    "notebook.image_features": ("Features", "extract"),
    "notebook.labelled_export": ("export",),
    "notebook.notebook_figures": ("plot_contact_sheet", "plot_dendrogram"),
    "notebook.notebook_jobs": ("WorkbenchWarning",),
    "notebook.sample_images": ("sample_folder",),
}
_MODULE_OF = {name: module for module, names in _MODULES.items() for name in names}


def __getattr__(name: str) -> object:
    """Import a public name when it is first used (PEP 562)."""
    if name not in _MODULE_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value: object = getattr(import_module(f"defect_workbench.{_MODULE_OF[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
