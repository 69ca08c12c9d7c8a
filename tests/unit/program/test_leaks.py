"""Threads and timers that a test leaves behind fail it."""

from PySide6.QtCore import QTimer
from pytestqt.qtbot import QtBot


def test_a_thread_of_qt_that_is_left_behind_is_caught(qtbot: QtBot) -> None:
    from PySide6.QtCore import QThread

    from tests.conftest import _noting, _still_running

    started: list[tuple[object, str]] = []
    thread, timer = QThread(), QTimer()
    _noting(type(thread).start, started)(thread)
    _noting(type(timer).start, started)(timer, 10_000)
    assert [_still_running(thing) for thing, _ in started] == [True, True]
    assert all(__file__.rpartition("/")[2] in where for _, where in started)
    thread.quit()
    thread.wait()
    timer.stop()
    assert not any(_still_running(thing) for thing, _ in started)
