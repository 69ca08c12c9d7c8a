"""Defects on their wafers."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRectF
from PySide6.QtGui import QImage, QPainter, QPalette, QResizeEvent, QTransform
from PySide6.QtWidgets import QWidget

from defect_workbench.app.document.workbench_document import Document
from defect_workbench.core.arrays import Flags, Floats
from defect_workbench.core.wafer.placement import Repeater
from defect_workbench.core.wafer.project_places import USUAL_COLUMNS
from defect_workbench.core.wafer.wafer_places import WaferPlaces
from defect_workbench.engine.wafer.profiles import density_grid
from defect_workbench.gui.map.point_colours import colours_by_cluster
from defect_workbench.gui.map.point_plane import PointPlane
from defect_workbench.gui.wafer.wafer_drawing import (
    density_image,
    draw_repeaters,
    draw_title,
    draw_wafer,
    shape_of,
)
from defect_workbench.gui.wafer.wafer_frames import Arrangement, WaferFrame, WaferPlan, plan_of

NO_PLACES = (
    "To see where the defects lie on their wafers, open a KLARF file, or join a table with columns such as "
    f"{USUAL_COLUMNS} (File › Join table…)."
)
# More marks than this would hide each other.
_MOST_MARKS = 3000


class WaferView(PointPlane):
    """Wafers with their notch, their dies and their defects; used as the map is."""

    margin = 10

    def __init__(self, document: Document, parent: QWidget | None = None) -> None:
        super().__init__("wafer map", parent)
        self.setObjectName("waferView")
        self.setAccessibleName("Defects on their wafers")
        self._document = document
        self._places: WaferPlaces | None = None
        self._plan: WaferPlan | None = None
        self._arrangement, self._wafer = Arrangement.STACKED, 0
        self._with_density, self._with_repeaters = False, True
        self._repeated: NDArray[np.intp] = np.empty(0, np.intp)
        self._densities: list[Floats] = []
        document.partition_changed.connect(self.redraw)
        self._shape = lru_cache(256)(shape_of)

    # State

    def set_places(self, places: WaferPlaces | None) -> None:
        """Show the defects of other places; None if there are none."""
        self._places, self._repeated = places, np.empty(0, np.intp)
        self._lay_out()
        self.show_all()

    def arrange(self, arrangement: Arrangement, wafer: int) -> None:
        """Show one wafer or all of them."""
        self._arrangement, self._wafer = arrangement, wafer
        self._lay_out()
        self.show_all()

    def show_density(self, shown: bool) -> None:
        """Show the density of defects, or not."""
        self._with_density = shown
        self.redraw()

    def show_repeaters(self, shown: bool) -> None:
        """Mark the repeaters, or not."""
        self._with_repeaters = shown
        self.update()

    def set_repeaters(self, repeaters: Sequence[Repeater]) -> None:
        """Take the repeaters to mark."""
        self._repeated = np.array([i for each in repeaters for i in each.images], np.intp)
        self.update()

    @property
    def shown(self) -> Flags:
        """(n,) bool: whether a defect is on a wafer that is shown."""
        return np.asarray(np.isfinite(self._points).all(axis=1), np.bool_)

    @property
    def plan(self) -> WaferPlan | None:
        """What is drawn where; None without places."""
        return self._plan

    def _lay_out(self) -> None:
        self._plan, self._densities = None, []
        if self._places is None:
            self.use_points(np.empty((0, 2)), (1.0, 1.0))
            return
        aspect = self.width() / max(self.height(), 1)
        self._plan = plan_of(self._places, self._arrangement, self._wafer, aspect)
        self.use_points(self._plan.points, self._plan.extent)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Arrange the wafers for another size."""
        before = self._extent
        if self._arrangement is Arrangement.MULTIPLES:
            self._lay_out()
        if self._extent != before:
            self.show_all()
        super().resizeEvent(event)

    # Drawing

    def placeholder(self) -> str:
        """Return how to get places, while there are none."""
        partition = self._document.partition
        if partition is None or self._places is None or len(self._places) != len(partition.cluster_of):
            return NO_PLACES
        return ""

    def cluster_colours(self) -> NDArray[np.uint32]:
        """Return the colour of each image by its cluster, (n,)."""
        return colours_by_cluster(self._document)

    def draw_below(self, painter: QPainter) -> None:
        """Draw the wafers."""
        plan, scale = self._plan, self.scale()
        if plan is None:
            return
        if self._with_density and not self._densities:
            self._densities = [self._density(frame) for frame in plan.frames]
        highest = max((float(np.nanmax(grid)) for grid in self._densities), default=0.0)
        accent = self.palette().color(QPalette.ColorRole.Highlight)
        centres = self.on_screen(np.array([frame.centre for frame in plan.frames]))
        visible = QRectF(self.rect())
        room = 2 * scale if len(plan.frames) > 1 else float(self.width())
        for number, (frame, (x, y)) in enumerate(zip(plan.frames, centres.tolist(), strict=True)):
            if not visible.intersects(QRectF(x - scale, y - 1.3 * scale, 2 * scale, 2.3 * scale)):
                continue
            density: QImage | None = None
            if self._with_density:
                density = density_image(self._densities[number], highest, accent)
            transform = QTransform(scale, 0, 0, -scale, x, y)
            draw_wafer(painter, self.palette(), self._shape(frame), transform, density)
            draw_title(painter, self.palette(), frame.title, QPointF(x, y), scale, room)

    def draw_above(self, painter: QPainter) -> None:
        """Mark the repeaters."""
        if not self._with_repeaters or not len(self._repeated):
            return
        places = self.on_screen(self._points[self._repeated])
        size = np.array([self.width(), self.height()])
        visible = (np.isfinite(places) & (places >= 0) & (places < size)).all(axis=1)
        draw_repeaters(painter, self.palette(), places[visible][:_MOST_MARKS])

    def _density(self, frame: WaferFrame) -> Floats:
        assert self._places is not None
        assert self._plan is not None
        chosen = np.isin(self._places.wafer_of, frame.wafers) & self._places.known
        x, y = self._places.x_um[chosen], self._places.y_um[chosen]
        return density_grid(x, y, self._plan.radius_um / 500, len(frame.wafers))
