"""Drawing of wafers: outline with notch, dies, density, name."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QImage, QPainter, QPainterPath, QPalette, QPen, QTransform

from defect_workbench.core.arrays import Floats
from defect_workbench.gui.wafer.wafer_frames import WaferFrame

# Angles of the notch, anticlockwise from the right; its half width, and its depth in radii, exaggerated.
_ANGLES = {"right": 0.0, "up": 90.0, "left": 180.0, "down": 270.0}
_HALF_NOTCH, _DEPTH, _HALF_FLAT = 2.6, 0.055, 22.0
_MOST_DENSE = 170
# Lines closer together than this are not drawn, in pixels.
_SMALLEST_DIE = 4.0


def wafer_outline(notch: str, flat: bool) -> QPainterPath:
    """Return the outline of a wafer of radius 1, y upwards."""
    path = QPainterPath()
    angle = _ANGLES.get(notch)
    if angle is None:
        path.addEllipse(QPointF(0, 0), 1, 1)
        return path
    half = _HALF_FLAT if flat else _HALF_NOTCH
    begin = np.radians(angle + half)
    path.moveTo(float(np.cos(begin)), float(np.sin(begin)))
    # Qt counts angles against y downwards.
    path.arcTo(QRectF(-1, -1, 2, 2), -(angle + half), -(360 - 2 * half))
    if not flat:
        deep = (1 - _DEPTH) * np.array([np.cos(np.radians(angle)), np.sin(np.radians(angle))])
        path.lineTo(float(deep[0]), float(deep[1]))
    path.closeSubpath()
    return path


def dies_path(frame: WaferFrame) -> QPainterPath:
    """Return the inspected dies of a frame, in radii around its centre."""
    path = QPainterPath()
    for left, low, width, height in frame.dies.tolist():
        path.addRect(left, low, width, height)
    return path


def lines_path(frame: WaferFrame) -> QPainterPath:
    """Return the lines between the dies of a frame, in radii around its centre."""
    path = QPainterPath()
    for x0, y0, x1, y1 in frame.lines.tolist():
        path.moveTo(x0, y0)
        path.lineTo(x1, y1)
    return path


def density_image(grid: Floats, highest: float, colour: QColor) -> QImage:
    """Return a density as an image in one colour: opaque where it is highest, transparent outside."""
    shares = np.nan_to_num(grid[::-1] / max(highest, 1e-12))
    pixels = np.empty((*grid.shape, 4), np.uint8)
    pixels[..., :3] = colour.red(), colour.green(), colour.blue()
    pixels[..., 3] = np.rint(np.clip(shares, 0, 1) * _MOST_DENSE)
    height, width = grid.shape
    return QImage(pixels.tobytes(), width, height, 4 * width, QImage.Format.Format_RGBA8888).copy()


@dataclass(frozen=True, eq=False)
class WaferShape:
    """What a wafer looks like, in radii around its centre.

    Attributes
    ----------
    die_side : float
        The shortest distance between two lines; 0 without dies.
    """

    outline: QPainterPath
    dies: QPainterPath
    lines: QPainterPath
    die_side: float


def shape_of(frame: WaferFrame) -> WaferShape:
    """Return what the wafer of a frame looks like."""
    upright = frame.lines[:, 0] == frame.lines[:, 2]
    sides = [np.diff(frame.lines[upright, 0]), np.diff(frame.lines[~upright, 1])]
    shortest = min((float(each.min()) for each in sides if len(each)), default=0.0)
    outline = wafer_outline(frame.notch, frame.flat)
    # Cut once: a clip would take longer each time.
    return WaferShape(outline, outline.intersected(dies_path(frame)), lines_path(frame), shortest)


def draw_wafer(
    painter: QPainter, palette: QPalette, shape: WaferShape, transform: QTransform, density: QImage | None
) -> None:
    """Draw a wafer.

    Parameters
    ----------
    transform : QTransform
        From radii to the widget.
    density : QImage or None
        To be laid over the dies.
    """
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    outline = transform.map(shape.outline)
    painter.fillPath(outline, palette.color(QPalette.ColorRole.AlternateBase))
    shade = palette.color(QPalette.ColorRole.Midlight)
    painter.fillPath(transform.map(shape.dies), shade)
    if shape.die_side * transform.m11() >= _SMALLEST_DIE:
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
        painter.setPen(QPen(palette.color(QPalette.ColorRole.Mid), 1))
        painter.drawPath(transform.map(shape.lines))
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    if density is not None:
        painter.setClipPath(outline)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        painter.drawImage(transform.mapRect(QRectF(-1, -1, 2, 2)), density)
        painter.setClipping(False)
    painter.setPen(QPen(palette.color(QPalette.ColorRole.Dark), 1.4))
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.drawPath(outline)
    painter.restore()


def draw_title(
    painter: QPainter, palette: QPalette, text: str, centre: QPointF, radius: float, room: float
) -> None:
    """Draw the name of a wafer above it, as far as there is room for it, in pixels."""
    metrics = painter.fontMetrics()
    shown = metrics.elidedText(text, Qt.TextElideMode.ElideRight, round(max(room, 40)))
    painter.setPen(palette.color(QPalette.ColorRole.Text))
    place = QRectF(centre.x() - room, centre.y() - radius - metrics.height() - 5, 2 * room, metrics.height())
    painter.drawText(place, int(Qt.AlignmentFlag.AlignCenter), shown)


def draw_repeaters(painter: QPainter, palette: QPalette, places: Floats) -> None:
    """Mark defects that repeat, at (m, 2) places of the widget."""
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    # A light line in a dark one can be seen on any colour.
    for role, width in ((QPalette.ColorRole.Base, 3.6), (QPalette.ColorRole.Text, 1.6)):
        painter.setPen(QPen(palette.color(role), width))
        for x, y in places.tolist():
            painter.drawRect(QRectF(x - 6.5, y - 6.5, 13, 13))
