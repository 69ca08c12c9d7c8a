"""Banners above the panels, and the progress widgets of the status bar."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QProgressBar, QPushButton, QSizePolicy, QWidget

from defect_workbench.app.jobs.runner import Progress


class Banner(QFrame):
    """A line of text with buttons; hidden until `show_text`."""

    def __init__(self, name: str, buttons: tuple[str, ...], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName(name)
        self.text = QLabel()
        self.text.setWordWrap(True)
        self.text.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(14, 8, 10, 8)
        layout.addWidget(self.text, 1)
        self.buttons = [QPushButton(words) for words in buttons]
        for button in self.buttons:
            layout.addWidget(button)
        self.hide()

    def show_text(self, text: str) -> None:
        """Show the banner with a text."""
        self.text.setText(text)
        self.show()


class WeightsBanner(Banner):
    """Shown while the weights for the deep block are missing."""

    fetch = Signal()
    import_file = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("weightsBanner", ("Fetch weights", "From a file…"), parent)
        self.buttons[0].clicked.connect(self.fetch)
        self.buttons[1].clicked.connect(self.import_file)

    def set_needed(self, needed: bool) -> None:
        """Show or hide it."""
        if needed:
            self.show_text(
                "ResNet-50 weights are missing: the images are grouped by texture and Zernike moments only, "
                "which distinguish defect types far less well."
            )
        else:
            self.hide()


class NoticeBanner(Banner):
    """Reports the result of a job, with a button for the next step."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("notice", ("", "Dismiss"), parent)
        self._action: Callable[[], None] | None = None
        self.buttons[0].clicked.connect(self._act)
        self.buttons[1].clicked.connect(self.hide)

    def notify(self, text: str, label: str = "", action: Callable[[], None] | None = None) -> None:
        """Show a text, with a button if there is a next step."""
        self._action = action
        self.buttons[0].setText(label)
        self.buttons[0].setVisible(action is not None)
        self.show_text(text)

    def _act(self) -> None:
        self.hide()
        if self._action is not None:
            self._action()


class ProgressWidgets:
    """Progress bar, text and cancel button of the status bar."""

    def __init__(self) -> None:
        self.text = QLabel()
        self.bar = QProgressBar()
        self.bar.setObjectName("progressBar")
        self.bar.setTextVisible(False)
        self.bar.setFixedWidth(180)
        self.cancel = QPushButton("Cancel")
        self.cancel.setObjectName("cancelButton")
        self.cancel.setToolTip("Cancel the running job; finished work is kept (Esc)")
        self.set_busy(False)

    def widgets(self) -> tuple[QWidget, ...]:
        """From left to right."""
        return self.text, self.bar, self.cancel

    def set_busy(self, busy: bool) -> None:
        """Show the widgets while a job is running."""
        for widget in self.widgets():
            widget.setVisible(busy)
        self.cancel.setEnabled(busy)
        if busy:
            self.bar.setRange(0, 0)
            self.text.clear()

    def show_progress(self, progress: Progress) -> None:
        """Show the progress of the running job."""
        if progress.total:
            self.bar.setRange(0, progress.total)
            self.bar.setValue(progress.done)
        else:
            self.bar.setRange(0, 0)
        self.text.setText(describe(progress))


def describe(progress: Progress) -> str:
    """Return progress as text."""
    parts = [progress.title]
    if progress.total:
        parts.append(f"{progress.done:,} of {progress.total:,}")
    if progress.rate is not None and progress.rate >= 1:
        parts.append(f"{progress.rate:,.0f}/s")
    if progress.left is not None:
        minutes, seconds = divmod(round(progress.left), 60)
        parts.append(f"{minutes}:{seconds:02d} left")
    return "  ·  ".join(parts)
