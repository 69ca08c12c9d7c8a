"""The annotation formats: to add one, write a module with its `ENTRY` and name it here."""

from __future__ import annotations

from defect_workbench.core.registry import Registry
from defect_workbench.storage.result.annotation_formats.annotation import AnnotationFormat

ANNOTATION_FORMATS: Registry[AnnotationFormat] = Registry.of_modules(
    "annotation format", "defect_workbench.storage.result.annotation_formats", "coco", "plain_csv"
)
