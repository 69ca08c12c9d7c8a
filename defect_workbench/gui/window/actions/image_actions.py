"""Decisions about the selected images, and which images to review next."""

from __future__ import annotations

from defect_workbench.gui.window.actions.action import Action, Group
from defect_workbench.gui.window.actions.conditions import (
    idle,
    images_or_clusters,
    images_to_paste,
    some_images,
    with_maps,
    with_suggested_images,
)

ENTRIES = (
    Action(
        "actionCut",
        "Cu&t images",
        "Cut the selected images, to paste them into a cluster",
        Group.IMAGES,
        lambda controllers: controllers.review.cut_images(),
        some_images,
        ("Ctrl+X",),
    ),
    Action(
        "actionCopyImage",
        "Cop&y",
        "Copy the selected images: the picture if it is one, and the paths of their files",
        Group.IMAGES,
        lambda controllers: controllers.review.copy_images(),
        some_images,
        ("Ctrl+C",),
    ),
    Action(
        "actionShowFile",
        "Show &in file manager",
        "Open the folder of the selected image",
        Group.IMAGES,
        lambda controllers: controllers.review.show_file(),
        some_images,
    ),
    Action(
        "actionPaste",
        "&Paste into cluster",
        "Move the cut images into the selected cluster",
        Group.IMAGES,
        lambda controllers: controllers.review.paste_images(),
        images_to_paste,
        ("Ctrl+V",),
    ),
    Action(
        "actionSplitOut",
        "&Split out",
        "Move the selected images into a new cluster",
        Group.IMAGES,
        lambda controllers: controllers.review.split_out(),
        some_images,
        ("N",),
    ),
    Action(
        "actionNuisance",
        "Mark as nuisa&nce",
        "Mark the selected images as of no interest",
        Group.IMAGES,
        lambda controllers: controllers.review.mark_as_nuisance(),
        some_images,
        ("X",),
    ),
    Action(
        "actionSplitStrange",
        "Split clean from stran&ge…",
        "Split the images into clean and strange ones; needs grouping by the defect",
        Group.REVIEW,
        lambda controllers: controllers.splitting.choose(),
        with_maps,
    ),
    Action(
        "actionLightTable",
        "Lig&ht table",
        "Look at the selected images or clusters at full size, and sort them by keys",
        Group.REVIEW,
        lambda controllers: controllers.window.open_light_table(),
        images_or_clusters,
        ("L",),
    ),
    Action(
        "actionReview",
        "Review out&liers",
        "Go to the outlier queue",
        Group.REVIEW,
        lambda controllers: controllers.window.show_queue(),
        idle,
        ("Q",),
    ),
    Action(
        "actionAsked",
        "Images worth la&belling",
        "Show the images whose labels would improve the classifier most on the light table",
        Group.REVIEW,
        lambda controllers: controllers.classifier.choose_suggested(),
        with_suggested_images,
    ),
)
