"""What the views show, and what defect maps compare images with."""

from __future__ import annotations

from defect_workbench.gui.window.actions.action import Action, Group
from defect_workbench.gui.window.actions.conditions import (
    clusters_in_sight,
    comparing_with_given,
    idle,
    some_clusters,
)

ENTRIES = (
    Action(
        "actionDefectMaps",
        "Defect outlines and &maps",
        "Show where the defects are: outlines in the large images, and maps where available",
        Group.OVERLAYS,
        lambda controllers: controllers.overlays.toggle(),
        clusters_in_sight,
        ("O",),
        checked=lambda state: state.maps_shown,
    ),
    Action(
        "actionSortAgain",
        "Sort clusters a&gain",
        "Sort the clusters by their current values; until then they keep their places",
        Group.OVERLAYS,
        lambda controllers: controllers.document.sort_again(),
        clusters_in_sight,
        ("F5",),
    ),
    Action(
        "actionSaveView",
        "Sa&ve this view…",
        "Keep filter, order, colours of the map and columns under a name, in the session",
        Group.VIEWS,
        lambda controllers: controllers.views.save(),
        clusters_in_sight,
    ),
    Action(
        "actionSingleDefects",
        "Group singl&e defects",
        "Find the defects in the images of this folder, and group each of them instead of whole images",
        Group.ITEMS,
        lambda controllers: controllers.comparison.switch_items(),
        idle,
        checked=lambda state: state.single_defects,
    ),
    Action(
        "actionCompareReferences",
        "&Golden references…",
        "Find defects by comparing each image with its defect-free reference, and group by them",
        Group.SOURCES,
        lambda controllers: controllers.comparison.choose_references(),
        idle,
    ),
    Action(
        "actionCompareClean",
        "Clean &images…",
        "Find defects by comparing the images with a folder of clean ones, and group by them",
        Group.SOURCES,
        lambda controllers: controllers.comparison.choose_clean(),
        idle,
    ),
    Action(
        "actionCompareClusters",
        "&Selected clusters, as clean images",
        "Find defects by comparing the images with those of the selected clusters, and group by them",
        Group.SOURCES,
        lambda controllers: controllers.comparison.use_clusters(),
        some_clusters,
    ),
    Action(
        "actionCompareOthers",
        "The &other images",
        "Find defects by comparing the images with each other",
        Group.SOURCES,
        lambda controllers: controllers.comparison.use_others(),
        comparing_with_given,
    ),
)
