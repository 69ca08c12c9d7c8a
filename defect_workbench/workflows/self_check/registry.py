"""All checks, in the order of the page. A new one is a module that defines `ENTRY`, and its name here."""

from __future__ import annotations

from defect_workbench.core.registry import Registry
from defect_workbench.workflows.self_check.check import SelfCheck

SELF_CHECKS: Registry[SelfCheck] = Registry.of_modules(
    "check",
    "defect_workbench.workflows.self_check.checks",
    "installation",
    "processor",
    "graphics_card",
    "packages",
    "extras",
    "network_operators",
    "network_weights",
    "display",
    "fonts",
    "user_folders",
    "sample_run",
)
