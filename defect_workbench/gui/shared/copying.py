"""Pictures of widgets for the clipboard."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QMimeData, QPoint, Qt
from PySide6.QtGui import QAction, QGuiApplication, QImage
from PySide6.QtWidgets import QWidget

# Device pixels per pixel of the widget, so that a copy is sharp on a slide.
_SHARPNESS = 2


def picture_of(widget: QWidget) -> QImage:
    """Return what a widget shows, at twice the resolution of the screen."""
    image = QImage(widget.size() * _SHARPNESS, QImage.Format.Format_RGB32)
    image.setDevicePixelRatio(_SHARPNESS)
    image.fill(widget.palette().base().color())
    widget.render(image, QPoint())
    # Programs that know no pixel ratio would halve it.
    image.setDevicePixelRatio(1)
    return image


def copy_widget(widget: QWidget, text: str = "") -> None:
    """Put a picture of a widget on the clipboard, and a text for programs that take no picture."""
    data = QMimeData()
    data.setImageData(picture_of(widget))
    if text:
        data.setText(text)
    QGuiApplication.clipboard().setMimeData(data)


def offer_copy(widget: QWidget, name: str, text: Callable[[], str] | None = None) -> QAction:
    """Offer to copy a widget on a right click.

    Parameters
    ----------
    name : str
        What it is, as in "Copy chart".
    text : callable, optional
        Returns the text to copy with the picture.
    """
    action = QAction(f"Copy {name}", widget)
    action.triggered.connect(lambda: copy_widget(widget, text() if text is not None else ""))
    widget.addAction(action)
    widget.setContextMenuPolicy(Qt.ContextMenuPolicy.ActionsContextMenu)
    return action
