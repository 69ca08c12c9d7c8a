"""Single defects of the images: find, show, correct and export them; train and evaluate a detector."""

from __future__ import annotations

from defect_workbench.gui.window.actions.action import Action, Group
from defect_workbench.gui.window.actions.conditions import (
    boxes_in_sight,
    defects_found,
    errors_in_sight,
    whole_images,
)

ENTRIES = (
    Action(
        "actionFindDefects",
        "Find and co&unt defects…",
        "Find every defect in each image, without training or with a trained detector",
        Group.BOXES,
        lambda controllers: controllers.boxes.find(),
        whole_images,
        ("Ctrl+D",),
    ),
    Action(
        "actionCorrectBoxes",
        "Correct bo&xes…",
        "Draw, move, name and delete the boxes of defects, image by image, least certain first",
        Group.BOXES,
        lambda controllers: controllers.boxes.correct(),
        defects_found,
        ("Ctrl+B",),
    ),
    Action(
        "actionTrainDetector",
        "Train a &detector…",
        "Train a detector that finds, counts and names defects on the images whose boxes you have checked",
        Group.BOXES,
        lambda controllers: controllers.boxes.train(),
        defects_found,
    ),
    Action(
        "actionEvaluateDetector",
        "E&valuate a detector…",
        "Compare the defects that a detector finds with boxes that people drew, and list its errors",
        Group.BOXES,
        lambda controllers: controllers.boxes.ask_to_evaluate(),
        whole_images,
    ),
    Action(
        "actionExportBoxes",
        "Export boxes of de&fects…",
        "Write the boxes as COCO, Pascal VOC, YOLO or LabelMe files, for other programs or to train on",
        Group.DATA,
        lambda controllers: controllers.boxes.export(),
        defects_found,
    ),
    Action(
        "actionShowBoxes",
        "&Boxes of defects",
        "Show the boxes of the found defects on all images, and on large ones their outlines",
        Group.OVERLAYS,
        lambda controllers: controllers.overlays.boxes.toggle(),
        boxes_in_sight,
        ("Shift+O",),
        checked=lambda state: state.boxes_shown,
    ),
    Action(
        "actionShowErrors",
        "E&rrors of the detector",
        "Show on all images what the last evaluated detector missed, falsely detected or named wrongly",
        Group.OVERLAYS,
        lambda controllers: controllers.overlays.boxes.toggle_errors(),
        errors_in_sight,
        checked=lambda state: state.errors_shown,
    ),
)
