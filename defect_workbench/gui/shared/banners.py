"""Strips above the gallery that stay until what they say is solved, and the status bar's widgets."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QProgressBar, QPushButton, QSizePolicy, QWidget

from defect_workbench.app.jobs.runner import Progress


class Strip(QFrame):
    """A line of text with buttons; hidden until `say`."""

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

    def say(self, text: str) -> None:
        """Show the strip with a text."""
        self.text.setText(text)
        self.show()


class WeightsBanner(Strip):
    """Says that there is no deep block, until there is."""

    fetch = Signal()
    import_file = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("weightsBanner", ("Fetch weights", "From a file…"), parent)
        self.buttons[0].clicked.connect(self.fetch)
        self.buttons[1].clicked.connect(self.import_file)

    def set_needed(self, needed: bool) -> None:
        """Show or hide it."""
        if needed:
            self.say(
                "No ResNet-50 weights: the images are grouped by texture and Zernike alone, which tells "
                "defect types apart far less well."
            )
        else:
            self.hide()


class NoticeStrip(Strip):
    """Says why a job ended early, with a way to go on."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("notice", ("", "Dismiss"), parent)
        self._do: Callable[[], None] | None = None
        self.buttons[0].clicked.connect(self._act)
        self.buttons[1].clicked.connect(self.hide)

    def tell(self, text: str, words: str = "", do: Callable[[], None] | None = None) -> None:
        """Show a text, with a button if there is something to do about it."""
        self._do = do
        self.buttons[0].setText(words)
        self.buttons[0].setVisible(do is not None)
        self.say(text)

    def _act(self) -> None:
        self.hide()
        if self._do is not None:
            self._do()


class ProgressWidgets:
    """Bar, words and cancel button of the status bar."""

    def __init__(self) -> None:
        self.words = QLabel()
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
        return self.words, self.bar, self.cancel

    def set_busy(self, busy: bool) -> None:
        """Show them while something is under way."""
        for widget in self.widgets():
            widget.setVisible(busy)
        self.cancel.setEnabled(busy)
        if busy:
            self.bar.setRange(0, 0)
            self.words.clear()

    def show_progress(self, progress: Progress) -> None:
        """Say how far it is."""
        if progress.total:
            self.bar.setRange(0, progress.total)
            self.bar.setValue(progress.done)
        else:
            self.bar.setRange(0, 0)
        self.words.setText(describe(progress))


def describe(progress: Progress) -> str:
    """Progress in words."""
    parts = [progress.title]
    if progress.total:
        parts.append(f"{progress.done:,} of {progress.total:,}")
    if progress.rate is not None and progress.rate >= 1:
        parts.append(f"{progress.rate:,.0f}/s")
    if progress.left is not None:
        minutes, seconds = divmod(round(progress.left), 60)
        parts.append(f"{minutes}:{seconds:02d} left")
    return "  ·  ".join(parts)
