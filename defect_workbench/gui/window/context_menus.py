"""What a right click offers on images, on clusters and on the dendrogram."""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtCore import Qt
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QWidget

ON_IMAGES = (
    "actionLightTable",
    "actionFindSimilar",
    "actionCopyImage",
    "actionCopySheet",
    "actionShowFile",
    "actionMoveTo",
    "actionCut",
    "actionPaste",
    "actionSplitOut",
    "actionNuisance",
    "actionTag",
    "actionNoteOnImage",
    "actionDefectMaps",
)
_ON_CLUSTERS = (
    "actionRename",
    "actionConfirm",
    "actionMerge",
    "actionRefineCluster",
    "actionNote",
    "actionCopySheet",
    "actionPaste",
    "actionCompareClusters",
)


_ON_DENDROGRAM = ("actionSuggestCut", "actionCopyDendrogram", "actionSaveDendrogram")


def add_context_menus(
    actions: Mapping[str, QAction], images: QWidget, clusters: QWidget, dendrogram: QWidget
) -> None:
    """Offer actions, by object name, on a right click on images, on clusters and on the dendrogram."""
    for view, names in ((images, ON_IMAGES), (clusters, _ON_CLUSTERS), (dendrogram, _ON_DENDROGRAM)):
        view.setContextMenuPolicy(Qt.ContextMenuPolicy.ActionsContextMenu)
        view.addActions([actions[name] for name in names])
