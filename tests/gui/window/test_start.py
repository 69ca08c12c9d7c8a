"""The start of the window."""

from __future__ import annotations

import signal

import pytest
from PySide6.QtCore import QSize
from PySide6.QtWidgets import QApplication

from defect_workbench.app.settings import WindowSettings
from defect_workbench.gui.application import make_application, run_window
from defect_workbench.gui.window.main_window import MainWindow
from defect_workbench.user_dirs import UserDirs
from tests.gui.conftest import delete_now


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_icons_have_the_colours_of_the_theme_that_was_kept(
    theme: str, places: UserDirs, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_application()
    WindowSettings(places.settings).theme = theme
    lightness: list[int] = []

    def looked_at() -> int:
        (window,) = [each for each in QApplication.topLevelWidgets() if isinstance(each, MainWindow)]
        image = window.actions_by_name["actionOpenFolder"].icon().pixmap(QSize(18, 18)).toImage()
        pixels = [image.pixelColor(x, y) for x in range(image.width()) for y in range(image.height())]
        lightness.extend(pixel.lightness() for pixel in pixels if pixel.alpha() == 255)
        assert window.close_without_asking()
        delete_now(window)
        return 0

    monkeypatch.setattr(QApplication, "exec", looked_at)
    before = signal.getsignal(signal.SIGINT)
    try:
        assert run_window(None, places) == 0
    finally:
        signal.signal(signal.SIGINT, before)
    assert (min(lightness) > 128) if theme == "dark" else (max(lightness) < 128)
