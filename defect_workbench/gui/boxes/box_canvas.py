"""An image on which boxes are drawn, moved and resized with the mouse."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from enum import Enum, auto

from PySide6.QtCore import QPointF, QRectF, Qt, Signal
from PySide6.QtGui import QColor, QMouseEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QWidget

from defect_workbench.core.images.detections import Box
from defect_workbench.gui.inspector.image_view import ImageView
from defect_workbench.gui.painting.box_painting import ShownBox, draw_boxes, in_view

# On the screen, in device-independent pixels.
_HANDLE, _REACH = 8.0, 7.0
# In pixels of the image: a click that moves less is no box.
_LEAST_SIDE = 3.0


class _Gesture(Enum):
    DRAW = auto()
    MOVE = auto()
    RESIZE = auto()


@dataclass
class _Drag:
    """What the mouse is doing.

    Attributes
    ----------
    start : QPointF
        In pixels of the image.
    before : Box
        The box as it was.
    sides : tuple of bool
        Whether left, top, right and bottom follow the mouse.
    """

    gesture: _Gesture
    start: QPointF
    before: Box
    sides: tuple[bool, bool, bool, bool] = (False, False, True, True)


class BoxCanvas(ImageView):
    """Shows an image and its boxes.

    Dragging over the image draws a box, dragging a box moves it, dragging a corner or side of the chosen one
    resizes it; with Ctrl or the middle button the image is moved. The wheel zooms.

    Signals: edited (the boxes have changed); chosen (index, or -1).

    Parameters
    ----------
    colour_of : callable
        Returns the colour of a label.
    """

    edited = Signal()
    chosen = Signal(int)

    def __init__(self, colour_of: Callable[[str], str], parent: QWidget | None = None) -> None:
        super().__init__(parent, scale_bar=True)
        self.boxes: list[Box] = []
        self.current = -1
        self.new_label = ""
        self._colour_of = colour_of
        self._words: list[str] = []
        self._size = (1, 1)
        self._drag: _Drag | None = None
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)

    def show_boxes(self, boxes: Sequence[Box], words: Sequence[str], size: tuple[int, int]) -> None:
        """Show boxes with these captions on an image of this width and height in pixels."""
        self.boxes, self._words, self._size = list(boxes), list(words), size
        self._drag = None
        if self.current >= len(self.boxes):
            self.choose(-1)
        self.update()

    def choose(self, index: int) -> None:
        """Choose a box; -1 for none."""
        if index != self.current:
            self.current = index
            self.chosen.emit(index)
        self.update()

    # Painting

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the image, the boxes, and the handles of the chosen one."""
        super().paintEvent(event)
        if not self.has_image:
            return
        painter = QPainter(self)
        target = self._target()
        shown = [
            ShownBox(box, self._colour_of(box.label), words)
            for box, words in zip(self.boxes, [*self._words, *[""] * len(self.boxes)], strict=False)
        ]
        draw_boxes(painter, shown, target, self._size)
        if 0 <= self.current < len(self.boxes):
            place = in_view(self.boxes[self.current], target, self._size)
            painter.setPen(QColor("#000000"))
            painter.setBrush(QColor("#FFFFFF"))
            for point in (place.topLeft(), place.topRight(), place.bottomLeft(), place.bottomRight()):
                square = QRectF(0, 0, _HANDLE, _HANDLE)
                square.moveCenter(point)
                painter.drawRect(square)

    # Mouse

    def _in_image(self, place: QPointF) -> QPointF:
        target = self._target()
        return QPointF(
            min(max((place.x() - target.left()) / target.width(), 0), 1) * self._size[0],
            min(max((place.y() - target.top()) / target.height(), 0), 1) * self._size[1],
        )

    def _sides_at(self, place: QPointF) -> tuple[bool, bool, bool, bool]:
        """Return which sides of the chosen box are under the mouse."""
        if not 0 <= self.current < len(self.boxes):
            return False, False, False, False
        box = in_view(self.boxes[self.current], self._target(), self._size)
        if not box.adjusted(-_REACH, -_REACH, _REACH, _REACH).contains(place):
            return False, False, False, False
        near = (
            abs(place.x() - box.left()) <= _REACH,
            abs(place.y() - box.top()) <= _REACH,
            abs(place.x() - box.right()) <= _REACH,
            abs(place.y() - box.bottom()) <= _REACH,
        )
        # Of a box that is smaller than two handles, the side further right and down is meant.
        left, top, right, bottom = near
        return left and not right, top and not bottom, right, bottom

    def _box_at(self, place: QPointF) -> int:
        """Return the smallest box under the mouse; -1 for none."""
        found = [
            (box.width() * box.height(), index)
            for index, each in enumerate(self.boxes)
            if (box := in_view(each, self._target(), self._size)).contains(place)
        ]
        return min(found)[1] if found else -1

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Begin to draw, move or resize a box, or to move the image."""
        pans = event.button() == Qt.MouseButton.MiddleButton or (
            event.modifiers() & Qt.KeyboardModifier.ControlModifier
        )
        if pans or event.button() != Qt.MouseButton.LeftButton or not self.has_image:
            self._grabbed = event.position()
            return
        self.setFocus(Qt.FocusReason.MouseFocusReason)
        place = event.position()
        start = self._in_image(place)
        sides = self._sides_at(place)
        if any(sides):
            self._drag = _Drag(_Gesture.RESIZE, start, self.boxes[self.current], sides)
            return
        index = self._box_at(place)
        self.choose(index)
        if index >= 0:
            self._drag = _Drag(_Gesture.MOVE, start, self.boxes[index])
        else:
            box = Box(start.x(), start.y(), start.x(), start.y(), self.new_label)
            self._drag = _Drag(_Gesture.DRAW, start, box)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Change the box, or show what a press would do."""
        if self._drag is None:
            self.setCursor(
                self._cursor_at(event.position()) if self.has_image else Qt.CursorShape.ArrowCursor
            )
            super().mouseMoveEvent(event)
            return
        place = self._in_image(event.position())
        drag = self._drag
        if drag.gesture is _Gesture.DRAW and not self._is_drawn():
            if (place - drag.start).manhattanLength() < _LEAST_SIDE:
                return
            self.boxes.append(drag.before)
            self.current = len(self.boxes) - 1
        self.boxes[self.current] = self._dragged(place)
        self.update()

    def _is_drawn(self) -> bool:
        """Whether the box that is being drawn is already among the boxes."""
        assert self._drag is not None
        return self.current >= 0

    def _dragged(self, place: QPointF) -> Box:
        assert self._drag is not None
        drag, box = self._drag, self._drag.before
        if drag.gesture is _Gesture.MOVE:
            right = min(max(place.x() - drag.start.x(), -box.x1), self._size[0] - box.x2)
            down = min(max(place.y() - drag.start.y(), -box.y1), self._size[1] - box.y2)
            return replace(box, x1=box.x1 + right, y1=box.y1 + down, x2=box.x2 + right, y2=box.y2 + down)
        left, top, right_side, bottom = drag.sides
        x = (place.x() if left else box.x1, place.x() if right_side else box.x2)
        y = (place.y() if top else box.y1, place.y() if bottom else box.y2)
        return replace(box, x1=min(x), y1=min(y), x2=max(x), y2=max(y))

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """Finish the box."""
        super().mouseReleaseEvent(event)
        drag, self._drag = self._drag, None
        if drag is None or self.current < 0:
            return
        box = _in_whole_pixels(self.boxes[self.current], self._size)
        if min(box.x2 - box.x1, box.y2 - box.y1) < _LEAST_SIDE:
            if drag.gesture is _Gesture.DRAW:
                del self.boxes[self.current]
                self.choose(-1)
            else:
                self.boxes[self.current] = drag.before
            self.update()
            return
        self.boxes[self.current] = box
        if box != drag.before:
            self.chosen.emit(self.current)
            self.edited.emit()
        self.update()

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """Fit the image, unless the click is on a box."""
        if self.has_image and self._box_at(event.position()) < 0:
            super().mouseDoubleClickEvent(event)

    def _cursor_at(self, place: QPointF) -> Qt.CursorShape:
        left, top, right, bottom = self._sides_at(place)
        if (left and top) or (right and bottom):
            return Qt.CursorShape.SizeFDiagCursor
        if (right and top) or (left and bottom):
            return Qt.CursorShape.SizeBDiagCursor
        if left or right:
            return Qt.CursorShape.SizeHorCursor
        if top or bottom:
            return Qt.CursorShape.SizeVerCursor
        return Qt.CursorShape.SizeAllCursor if self._box_at(place) >= 0 else Qt.CursorShape.CrossCursor


def _in_whole_pixels(box: Box, size: tuple[int, int]) -> Box:
    return replace(
        box,
        x1=float(max(0, round(box.x1))),
        y1=float(max(0, round(box.y1))),
        x2=float(min(size[0], round(box.x2))),
        y2=float(min(size[1], round(box.y2))),
    )
