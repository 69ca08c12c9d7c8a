"""Starts Qt and the window."""

from __future__ import annotations

import signal
import sys
from pathlib import Path

from PySide6.QtCore import QSize, Qt, QTimer
from PySide6.QtGui import QIcon, QPainter, QPixmap
from PySide6.QtSvg import QSvgRenderer
from PySide6.QtWidgets import QApplication, QStyle, QWidget

from defect_workbench.app.garbage import GarbageSearch
from defect_workbench.app.settings import WindowSettings
from defect_workbench.gui.shared.theme import apply_text_size, apply_theme
from defect_workbench.gui.window.main_window import MainWindow
from defect_workbench.logs import start_logging
from defect_workbench.resources import resource
from defect_workbench.user_dirs import UserDirs


def make_application() -> QApplication:
    """Return the application object; the existing one if there is one."""
    existing = QApplication.instance()
    application = existing if isinstance(existing, QApplication) else QApplication(sys.argv[:1])
    application.setApplicationName("Defect Workbench")
    application.setDesktopFileName("defect-workbench")
    application.setWindowIcon(_window_icon())
    application.setStyle("fusion")
    return application


def _window_icon() -> QIcon:
    """Return the icon that task bars show where no desktop entry is installed."""
    renderer = QSvgRenderer(str(resource("app-icon", "defect-workbench.svg")))
    result = QIcon()
    for side in (16, 32, 64, 128):
        pixmap = QPixmap(side, side)
        pixmap.fill(Qt.GlobalColor.transparent)
        painter = QPainter(pixmap)
        renderer.render(painter)
        painter.end()
        result.addPixmap(pixmap)
    return result


def fit_to_screen(window: QWidget) -> None:
    """Make a window no larger than its screen; Qt sees to that only for a layout that it restores."""
    title = window.style().pixelMetric(QStyle.PixelMetric.PM_TitleBarHeight)
    window.resize(window.size().boundedTo(window.screen().availableSize() - QSize(0, title)))


def run_window(path: Path | None, places: UserDirs) -> int:
    """Show the window until it is closed; return the exit code."""
    start_logging(places.log)
    application = make_application()
    settings = WindowSettings(places.settings)
    apply_text_size(application, settings.text_size)
    window = MainWindow(places)
    # After the window was made: under a style sheet, widgets are styled each time one is added to another.
    apply_theme(application, settings.theme)
    # What was drawn in the colours before.
    window.theme_changed.emit()
    fit_to_screen(window)
    window.show()
    window.jobs.busy_changed.connect(GarbageSearch(window).after_job)
    if path is not None:
        window.open_path(path.absolute())
    # Python handles Ctrl-C only while it runs bytecode; the timer makes it do so.
    wake = QTimer(window)
    wake.start(300)
    wake.timeout.connect(lambda: None)
    signal.signal(signal.SIGINT, lambda *_: window.close())
    return QApplication.exec()
