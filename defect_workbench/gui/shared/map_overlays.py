"""Defect maps as translucent pictures, and outlines of defects, over the images of all panels at once."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Protocol

import numpy as np
from PySide6.QtCore import QObject, QRectF, Signal
from PySide6.QtGui import QImage, QPainter

from defect_workbench.app.boxes.defect_boxes import DefectBoxes
from defect_workbench.app.document.workbench_document import Document
from defect_workbench.app.image_loading.outline_loader import OutlineLoader
from defect_workbench.core.arrays import Pixels, Vectors
from defect_workbench.core.images.defect_maps import LEVELS, DefectMaps
from defect_workbench.core.images.measurements import measure_version_of
from defect_workbench.gui.painting.box_painting import ShownBox
from defect_workbench.gui.shared.box_overlays import BoxOverlays

# Orange is seen on grey images, by people with any colour vision, in both themes.
_COLOUR = (255, 140, 0)
_MOST_OPAQUE = 190
# A few screens of thumbnails.
_KEPT = 1000


class OverlaidView(Protocol):
    """What shows an image with something over it."""

    def set_overlay(self, overlay: QImage | None) -> None:
        """Draw a translucent picture over the image."""

    def set_outline(self, lines: Vectors | None) -> None:
        """Draw lines over the image."""

    def set_boxes(self, boxes: Sequence[ShownBox], size: tuple[int, int]) -> None:
        """Draw boxes over the image."""


class MapOverlays(QObject):
    """The defect maps of the open project and the outlines of its defects, shown in all panels or in none.

    Signals: changed when they are shown, hidden, or other ones.
    """

    changed = Signal()

    def __init__(self, document: Document, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._document, self._wanted = document, False
        self._maps: DefectMaps | None = None
        self._picture = lru_cache(_KEPT)(self._draw)
        self._outlines = OutlineLoader(self)
        self._outlines.ready.connect(self.changed)
        self.boxes = BoxOverlays(DefectBoxes(document, self), self)
        self.boxes.changed.connect(self.changed)
        document.opened.connect(self._refresh)
        document.grouping_changed.connect(self._refresh)

    @property
    def available(self) -> bool:
        """Whether the open project has maps."""
        return self._maps is not None

    @property
    def shown(self) -> bool:
        """Whether maps are shown."""
        return self._wanted and self.available

    @property
    def wanted(self) -> bool:
        """Whether outlines are shown, and maps if there are any."""
        return self._wanted

    def close(self) -> None:
        """Stop looking for outlines and masks."""
        self._outlines.close()
        self.boxes.close()

    def toggle(self) -> None:
        """Show outlines and maps, or hide them."""
        self._wanted = not self._wanted
        self.changed.emit()

    def of(self, image: int | None) -> QImage | None:
        """Return the overlay of an image, or None while overlays are hidden or the image has no map."""
        if not self.shown or self._maps is None or image is None or image >= len(self._maps):
            return None
        return self._picture(image)

    def outline_of(self, image: int | None) -> Vectors | None:
        """Return the outlines of an image's defects; None while they are hidden or not found yet.

        Returns
        -------
        (m, 4) float32, or None
            Relative to the image without its info bar.
        """
        project = self._document.project
        if not self._wanted or project is None or image is None or image >= len(project.images):
            return None
        info_bar, version = (
            project.images.images[image].info_bar,
            measure_version_of(project.analysis.identity),
        )
        return self._outlines.get(str(project.images.absolute(image)), info_bar, version)

    def lay_over(self, view: OverlaidView, image: int | None) -> None:
        """Lay map, outlines and boxes of an image over it, as far as they are shown."""
        view.set_overlay(self.of(image))
        view.set_outline(self.outline_of(image))
        view.set_boxes(*self.boxes.on(image))

    def paint(self, painter: QPainter, place: QRectF, image: int) -> None:
        """Draw map and boxes of an image, if they are shown, where the image was drawn."""
        picture, project = self.of(image), self._document.project
        if picture is not None and project is not None:
            kept = QRectF(place)
            kept.setHeight(place.height() * (1 - project.images.images[image].info_bar_share))
            painter.drawImage(kept, picture)
        self.boxes.paint(painter, place, image)

    def _draw(self, image: int) -> QImage:
        assert self._maps is not None
        return map_overlay(self._maps.grids[image])

    def _refresh(self) -> None:
        project = self._document.project
        maps = None if project is None else project.maps
        if maps is not self._maps:
            self._maps = maps
            self._picture.cache_clear()
            self.changed.emit()


def map_overlay(grid: Pixels) -> QImage:
    """Return a map in orange: opaque at its strangest place, transparent where it is as usual or less.

    The opacity is relative to the image's own median and maximum, as the question is where, not how much; but
    a place that is hardly stranger than the median stays faint, so that clean images do not light up.

    Parameters
    ----------
    grid : (height, width) uint8
        From `DefectMaps.grids`.
    """
    values = grid.astype(np.float32)
    low, high = float(np.median(values)), float(values.max())
    shares = np.clip((values - low) / max(high - low, LEVELS), 0, 1) ** 1.5
    pixels = np.empty((*grid.shape, 4), np.uint8)
    pixels[..., :3] = _COLOUR
    pixels[..., 3] = np.rint(shares * _MOST_OPAQUE)
    height, width = grid.shape
    # A copy, as the array does not outlive this function.
    return QImage(pixels.tobytes(), width, height, 4 * width, QImage.Format.Format_RGBA8888).copy()
