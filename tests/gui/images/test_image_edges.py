"""White images can be seen on a white page, and black ones on a dark page."""

import pytest
from PySide6.QtCore import QPoint
from PySide6.QtGui import QColor, QImage, QPainter, QPixmap
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from defect_workbench.app.messages import NameRequest
from defect_workbench.gui.dialogs.name_dialog import NameDialog
from defect_workbench.gui.inspector.image_view import ImageView
from defect_workbench.gui.painting.image_painting import draw_thumbnail, with_edge
from defect_workbench.gui.window.main_window import MainWindow

# The edge is a translucent grey.
EDGE_ON_WHITE = "#d2d2d2"


def plain(colour: str) -> QPixmap:
    pixmap = QPixmap(60, 40)
    pixmap.fill(QColor(colour))
    return pixmap


def shades(widget: QWidget) -> set[str]:
    """The colours of a widget as it is drawn."""
    shot = widget.grab().toImage()
    return {shot.pixelColor(x, y).name() for x in range(shot.width()) for y in range(0, shot.height(), 7)}


@pytest.mark.parametrize("colour", ["#ffffff", "#15181c"])
def test_an_edge_sets_an_image_apart_from_a_page_of_its_colour(qtbot: QtBot, colour: str) -> None:
    page = QImage(80, 80, QImage.Format.Format_RGB32)
    page.fill(QColor(colour))
    painter = QPainter(page)
    place = draw_thumbnail(painter, plain(colour), page.rect().adjusted(10, 10, -10, -10))
    painter.end()
    assert (place.width(), place.height()) == (60, 40)
    for corner in (place.topLeft(), place.bottomRight()):
        assert page.pixelColor(corner).name() != colour
    assert page.pixelColor(place.center()).name() == colour
    assert page.pixelColor(place.topLeft() - QPoint(1, 1)).name() == colour


def test_a_scaled_image_has_its_edge_too(qtbot: QtBot) -> None:
    framed = with_edge(plain("#ffffff"), 30).toImage()
    assert (framed.width(), framed.height()) == (30, 20)
    assert framed.pixelColor(0, 0).name() != "#ffffff"
    assert framed.pixelColor(15, 10).name() == "#ffffff"


def test_white_images_have_an_edge_wherever_they_are_shown(
    opened: MainWindow, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    white = plain("#ffffff")
    monkeypatch.setattr(opened.thumbnails, "get", lambda path: white)
    opened.choose_image(0)
    qtbot.waitUntil(lambda: bool(opened.inspector.neighbour_strip.neighbours))
    view = ImageView()
    qtbot.addWidget(view)
    view.show_pixmap(white, "")
    opened.document.partition_changed.emit()
    dialog = NameDialog(NameRequest("pit", (), (lambda: white,), False), lambda *_: None, opened)
    shown = (
        opened.gallery,
        opened.dendrogram,
        opened.inspector.neighbour_strip,
        opened.outlier_queue.cards[0],
        view,
        dialog,
    )
    assert [type(widget).__name__ for widget in shown if EDGE_ON_WHITE not in shades(widget)] == []
    dialog.deleteLater()
