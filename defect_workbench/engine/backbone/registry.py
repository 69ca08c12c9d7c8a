"""All networks. A new one is a module that defines `ENTRY`, and its name in this list."""

from __future__ import annotations

from defect_workbench.core.errors import WorkbenchError
from defect_workbench.core.registry import Registry
from defect_workbench.engine.backbone.network import Description, Network

NETWORKS: Registry[Network] = Registry.of_modules("network", "defect_workbench.engine.backbone", "resnet50")


def find_description(network: str, name: str | None) -> Description:
    """Return a description of a network; without a name, the first one.

    Raises
    ------
    WorkbenchError
        If the network has no description of this name.
    """
    descriptions = NETWORKS[network].descriptions
    if name is None:
        return descriptions[0]
    for description in descriptions:
        if description.name == name:
            return description
    raise WorkbenchError(
        f"the description {name!r} of {NETWORKS[network].label} is not known to this version; "
        "update the program"
    )


def description_label(network: str, name: str) -> str:
    """Return what a description is, in words, or its name if this version does not know it."""
    if network in NETWORKS:
        for description in NETWORKS[network].descriptions:
            if description.name == name:
                return description.label or name
    return name
