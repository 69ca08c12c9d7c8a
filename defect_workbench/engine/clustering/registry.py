"""All clustering methods; the command line, the window and reports derive from this list."""

from __future__ import annotations

from dataclasses import replace

from defect_workbench.core.clustering.clustering_result import Settings
from defect_workbench.core.registry import Registry
from defect_workbench.engine.clustering.method import Method

METHODS: Registry[Method] = Registry.of_modules(
    "clustering method", "defect_workbench.engine.clustering.methods", "agglomerative", "affinity"
)


def completed(settings: Settings) -> Settings:
    """Return the settings with a checked value for each parameter of their method, and no other values.

    Raises
    ------
    InputError
        If the method is unknown or a value is out of range.
    """
    return replace(settings, parameters=METHODS[settings.method].completed(settings.parameters))


def method_label(settings: Settings) -> str:
    """Return the label of the method, or its name if this version does not know the method."""
    return METHODS[settings.method].label if settings.method in METHODS else settings.method
