"""Splitting clean from strange images: a dialog shows both sides and applies the threshold."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QWidget

from defect_workbench.app.document.workbench_document import Document
from defect_workbench.app.image_loading.thumbnail_loader import ThumbnailLoader
from defect_workbench.gui.dialogs.split_strange_dialog import SplitStrangeDialog
from defect_workbench.gui.shared.map_overlays import MapOverlays


class StrangeSplitting:
    """Connects the dialog and the document."""

    def __init__(
        self, document: Document, thumbnails: ThumbnailLoader, overlays: MapOverlays, parent: QWidget
    ) -> None:
        self._document, self._thumbnails = document, thumbnails
        self._overlays, self._parent = overlays, parent

    def choose(self) -> None:
        """Let the user choose a threshold, and split the images there."""
        if self._document.project is None:
            return
        dialog = SplitStrangeDialog(self._document.project, self._thumbnails, self._overlays, self._parent)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.applied.connect(self._document.split_strange)
        dialog.open()
