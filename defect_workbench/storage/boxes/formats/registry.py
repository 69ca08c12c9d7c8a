"""The formats of box files: to add one, write a module with its `ENTRY` and name it here."""

from __future__ import annotations

from defect_workbench.core.registry import Registry
from defect_workbench.storage.boxes.box_format import BoxFormat

# The order in which a folder is examined: the first format that recognises a file has it.
BOX_FORMATS: Registry[BoxFormat] = Registry.of_modules(
    "box format",
    "defect_workbench.storage.boxes.formats",
    "voc_boxes",
    "coco_boxes",
    "yolo_boxes",
    "labelme_boxes",
    "plain_boxes",
)
