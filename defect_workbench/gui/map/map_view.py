"""The map: one point per image, coloured by cluster or by a column, with the medoids of clusters."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPen
from PySide6.QtWidgets import QWidget

from defect_workbench.app.document.workbench_document import Document
from defect_workbench.app.image_loading.thumbnail_loader import ThumbnailLoader
from defect_workbench.core.arrays import Floats
from defect_workbench.gui.map.point_colours import colours_by_cluster
from defect_workbench.gui.map.point_plane import PointPlane

_MEDOID = 52


class MapView(PointPlane):
    """The map of the images of a document."""

    def __init__(self, document: Document, loader: ThumbnailLoader, parent: QWidget | None = None) -> None:
        super().__init__("map", parent)
        self.setObjectName("map")
        self.setAccessibleName("Map of the images")
        self._document, self._loader = document, loader
        document.partition_changed.connect(self.redraw)
        loader.ready.connect(lambda _: self.update())

    def set_points(self, points: Floats) -> None:
        """Show new positions, (n, 2), one per image."""
        low, high = points.min(axis=0, initial=0.0), points.max(axis=0, initial=0.0)
        if len(points):
            low, high = points.min(axis=0), points.max(axis=0)
        span = max(float((high - low).max()), 1e-12)
        self.use_points((points - (low + high) / 2) / span + 0.5, (1.0, 1.0))
        self.show_all()

    def placeholder(self) -> str:
        """Return what to say while there are no positions of these images."""
        partition = self._document.partition
        if partition is None or not len(self._points) or len(self._points) != len(partition.vectors):
            return "The map appears once all images have been compared"
        return ""

    def cluster_colours(self) -> NDArray[np.uint32]:
        """Return the colour of each image by its cluster, (n,)."""
        return colours_by_cluster(self._document)

    def draw_above(self, painter: QPainter) -> None:
        """Draw the medoids."""
        self._draw_medoids(painter)

    def _draw_medoids(self, painter: QPainter) -> None:
        """Draw the medoids of the largest clusters next to their points, where there is room."""
        project, partition = self._document.project, self._document.partition
        assert project is not None
        assert partition is not None
        places = self.screen_points()
        occupied: list[QRectF] = []
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        for cluster in partition.clusters[:40]:
            medoid = int(cluster.members[0])
            x, y = places[medoid].tolist()
            frame = QRectF(x + 7, y - _MEDOID - 7, _MEDOID, _MEDOID)
            if not QRectF(self.rect()).contains(frame) or any(frame.intersects(other) for other in occupied):
                continue
            pixmap = self._loader.get(str(project.images.absolute(medoid)))
            if pixmap is None:
                continue
            occupied.append(frame)
            painter.drawPixmap(frame, pixmap, QRectF(pixmap.rect()))
            painter.setPen(QPen(QColor(self._document.colour(cluster)), 2.5))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRect(frame)
            painter.drawLine(QPointF(x, y), frame.bottomLeft())
