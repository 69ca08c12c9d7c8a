"""The clustering methods. The command line, both forms of the window and reports derive from this list."""

from __future__ import annotations

from dataclasses import replace

from defect_workbench.core.clustering.clustering_result import Settings
from defect_workbench.core.registry import Registry
from defect_workbench.engine.clustering.method import Method

METHODS: Registry[Method] = Registry.of_modules(
    "clustering method", "defect_workbench.engine.clustering.methods", "agglomerative", "affinity"
)


def completed(settings: Settings) -> Settings:
    """The same settings with a checked value for each parameter of their method and for no others.

    Raises
    ------
    InputError
        If the method is unknown or a value is out of range.
    """
    return replace(settings, parameters=METHODS[settings.method].completed(settings.parameters))


def method_label(settings: Settings) -> str:
    """The label of a method; its name where a session comes from a version with more methods."""
    return METHODS[settings.method].label if settings.method in METHODS else settings.method
