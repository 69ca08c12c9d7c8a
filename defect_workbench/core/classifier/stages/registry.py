"""The kinds of stages: to add one, write a module with its `ENTRY` and name it here."""

from __future__ import annotations

from defect_workbench.core.classifier.stages.stage_kind import StageKind
from defect_workbench.core.registry import Registry

STAGE_KINDS: Registry[StageKind] = Registry.of_modules(
    "kind of stage", "defect_workbench.core.classifier.stages", "class_stage", "size", "noise"
)
