"""Connects the Wafer tab with the selection, the clusters, the colours and the actions of the window."""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtGui import QAction

from defect_workbench.gui.window.context_menus import ON_IMAGES
from defect_workbench.gui.window.review_window import ReviewWindow


def connect_wafer_page(window: ReviewWindow, actions: Mapping[str, QAction]) -> None:
    """Share selection, colours and actions with the Wafer tab."""
    page = window.wafer_page
    page.view.images_chosen.connect(window.choose_images)
    page.panel.images_wanted.connect(window.choose_images)
    page.panel.cluster_wanted.connect(lambda key: _choose_cluster(window, key))
    window.gallery.selectionModel().selectionChanged.connect(
        lambda: page.set_chosen(window.review.chosen_images())
    )
    page.view.addActions([actions[name] for name in ON_IMAGES])
    # One choice of colours: the same entries, and the same one of them chosen.
    page.colour.setModel(window.map_colour.model())
    window.map_colour.currentIndexChanged.connect(page.colour.setCurrentIndex)
    window.map_colour.currentIndexChanged.connect(
        lambda _: page.view.colour_by(window.map_colour.currentData())
    )
    page.colour.activated.connect(window.map_colour.setCurrentIndex)


def _choose_cluster(window: ReviewWindow, key: int) -> None:
    partition = window.document.partition
    clusters = () if partition is None else partition.clusters
    cluster = next((each for each in clusters if each.key == key), None)
    if cluster is not None:
        window.cluster_list.choose(key)
        window.choose_images(cluster.members.tolist())
