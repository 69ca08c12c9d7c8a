"""A real window on real images."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from PySide6.QtCore import QCoreApplication, QEvent, Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot
from shiboken6 import isValid

from defect_workbench.app.messages import Leave, NameRequest
from defect_workbench.gui.application import make_application
from defect_workbench.gui.shared.theme import apply_text_size, apply_theme
from defect_workbench.gui.window.main_window import MainWindow
from defect_workbench.resources import resource
from defect_workbench.user_dirs import UserDirs
from tests.conftest import always_by_picture


class Answers:
    """Takes the place of message boxes."""

    def __init__(self) -> None:
        self.titles: list[str] = []
        self.messages: list[str] = []
        self.questions: list[str] = []
        self.agree = True
        self.leave = Leave.DISCARD
        self.text = ""
        self.known: list[str] = []

    def inform(self, title: str, text: str) -> None:
        self.titles.append(title)
        self.messages.append(text)

    def ask(self, title: str, text: str, yes: str, done: Callable[[bool], None]) -> None:
        self.questions.append(text)
        done(self.agree)

    def ask_to_save(self, text: str, done: Callable[[Leave], None]) -> None:
        self.questions.append(text)
        done(self.leave)

    def ask_text(self, title: str, text: str, value: str, done: Callable[[str], None]) -> None:
        done(self.text)

    def ask_name(self, request: NameRequest, done: Callable[[str, bool], None]) -> None:
        self.known = list(request.known)
        done(self.text, False)


@pytest.fixture
def answers() -> Answers:
    return Answers()


@pytest.fixture(autouse=True)
def grouped_by_picture(monkeypatch: pytest.MonkeyPatch) -> None:
    """Group by the whole image."""
    always_by_picture(monkeypatch)


def delete_now(window: QWidget) -> None:
    """Delete a closed window without waiting for an event loop, which may be that of a later test."""
    window.deleteLater()
    QCoreApplication.sendPostedEvents(window, QEvent.Type.DeferredDelete)


@pytest.fixture(autouse=True)
def no_widgets_left() -> Iterator[None]:
    """Fail a test that leaves widgets, which would be styled again and again in the tests after it."""
    yield
    application = QApplication.instance()
    if isinstance(application, QApplication):
        # Those of `qtbot.addWidget` wait for their deletion.
        QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
        left = application.topLevelWidgets()
        names = [f"{type(widget).__name__} {widget.objectName()}".rstrip() for widget in left]
        for widget in left:
            if isValid(widget):
                delete_now(widget)
        # Qt would delete what is left there after Python has ended, which crashes the process.
        application.clipboard().clear()
        # A changed sheet would style all widgets; now there are none.
        application.setStyleSheet("")
        assert not names


@pytest.fixture
def window(qtbot: QtBot, places: UserDirs, answers: Answers) -> Iterator[MainWindow]:
    """The window, shown, empty."""
    application = make_application()
    # Another test may have left large text, from which panels take sizes when they are made.
    apply_text_size(application, 100)
    found = MainWindow(places, answers, offline=True)
    # Pictures show them.
    found.document.person, found.document.clock = "Ada", lambda: "2026-11-29T14:03:00Z"
    apply_theme(application, "light")
    found.resize(1280, 800)
    found.show()
    qtbot.waitExposed(found)

    def is_active() -> bool:
        # On a busy machine, the window before may go only now, and take the focus with it.
        found.activateWindow()
        QCoreApplication.processEvents()
        return found.isActiveWindow()

    qtbot.waitUntil(is_active)
    # Qt takes a key held at the last click of another test for still held, and would extend a selection.
    QTest.keyClick(found, Qt.Key.Key_Shift)
    assert QGuiApplication.keyboardModifiers() == Qt.KeyboardModifier.NoModifier
    QCoreApplication.processEvents()
    yield found
    # Nothing is asked: what a test leaves unsaved may go.
    assert found.close_without_asking()
    delete_now(found)


@pytest.fixture
def opened(window: MainWindow, with_sample: None, qtbot: QtBot) -> MainWindow:
    """The window with the sample set open."""
    with qtbot.waitSignal(
        window.document.opened, timeout=60_000, check_params_cb=lambda: window.document.project is not None
    ):
        window.open_path(resource("sample"))
    qtbot.waitUntil(lambda: not window.jobs.busy)
    # An empty queue shrinks once the event loop has laid it out.
    QApplication.processEvents()
    return window
