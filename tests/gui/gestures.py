"""What a hand does with the mouse."""

from pathlib import Path

from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDragMoveEvent, QDropEvent
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from defect_workbench.gui.gallery.cluster_list import ClusterList
from defect_workbench.gui.gallery.gallery_view import Gallery
from defect_workbench.gui.window.main_window import MainWindow

LEFT = Qt.MouseButton.LeftButton


def drag_cut(window: MainWindow, qtbot: QtBot, to_y: float) -> None:
    line = window.dendrogram
    x, y = line.width() // 2, round(line.line_y())
    qtbot.mousePress(line, LEFT, pos=QPoint(x, y))
    for step in range(1, 11):
        qtbot.mouseMove(line, QPoint(x, round(y + (to_y - y) * step / 10)))
    qtbot.mouseRelease(line, LEFT, pos=QPoint(x, round(to_y)))


def drop(window: MainWindow, path: Path) -> bool:
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(path))])
    arguments = (Qt.DropAction.CopyAction, data, LEFT, Qt.KeyboardModifier.NoModifier)
    enter = QDragEnterEvent(QPoint(300, 300), *arguments)
    QApplication.sendEvent(window, enter)
    if enter.isAccepted():
        QApplication.sendEvent(window, QDropEvent(QPointF(300, 300), *arguments))
    return enter.isAccepted()


def drop_images(view: Gallery | ClusterList, data: QMimeData, place: QPoint) -> None:
    action, none = Qt.DropAction.MoveAction, Qt.KeyboardModifier.NoModifier
    enter = QDragEnterEvent(place, action, data, LEFT, none)
    view.dragEnterEvent(enter)
    assert enter.isAccepted()
    move = QDragMoveEvent(place, action, data, LEFT, none)
    view.dragMoveEvent(move)
    assert move.isAccepted()
    view.dropEvent(QDropEvent(QPointF(place), action, data, LEFT, none))
