"""All networks. A new one is a module that defines `ENTRY`, and its name in this list."""

from __future__ import annotations

from defect_workbench.core.registry import Registry
from defect_workbench.engine.backbone.network import Network

NETWORKS: Registry[Network] = Registry.of_modules("network", "defect_workbench.engine.backbone", "resnet50")
