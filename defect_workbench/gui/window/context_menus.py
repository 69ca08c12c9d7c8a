"""What a right click offers on images and on clusters."""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtCore import Qt
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QWidget

_ON_IMAGES = (
    "actionLightTable",
    "actionFindSimilar",
    "actionCopyImage",
    "actionShowFile",
    "actionCut",
    "actionPaste",
    "actionSplitOut",
    "actionNuisance",
    "actionDefectMaps",
)
_ON_CLUSTERS = (
    "actionRename",
    "actionConfirm",
    "actionMerge",
    "actionRefineCluster",
    "actionNote",
    "actionPaste",
    "actionCompareClusters",
)


def add_context_menus(actions: Mapping[str, QAction], images: QWidget, clusters: QWidget) -> None:
    """Offer actions, by object name, on a right click on images and on clusters."""
    for view, names in ((images, _ON_IMAGES), (clusters, _ON_CLUSTERS)):
        view.setContextMenuPolicy(Qt.ContextMenuPolicy.ActionsContextMenu)
        view.addActions([actions[name] for name in names])
