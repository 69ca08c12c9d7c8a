"""Banners and notices, and the progress widgets of the status bar."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QEvent, QObject, Qt, Signal
from PySide6.QtGui import QHideEvent, QShowEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QProgressBar, QPushButton, QSizePolicy, QWidget

from defect_workbench.app.jobs.runner import Progress

_MARGIN = 10


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
            # The focus stays where it was when a click hides them.
            button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
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
                "Network weights are missing: the images are grouped by texture and Zernike moments only, "
                "which distinguish defect types far less well."
            )
        else:
            self.hide()


class NoticeBanner(Banner):
    """Reports the result of a job, with a button for the next step.

    It lies over the lower edge of the page, so that nothing moves under the mouse when it comes and goes.
    Signals: covers(height) of the lower edge that it hides, 0 when it is gone.

    Parameters
    ----------
    page : QWidget
        What it lies over.
    """

    covers = Signal(int)

    def __init__(self, page: QWidget) -> None:
        super().__init__("notice", ("", "Dismiss"), page)
        self._page = page
        self._action: Callable[[], None] | None = None
        self.second = QPushButton()
        self.second.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.second.clicked.connect(self._act_second)
        box = self.layout()
        assert isinstance(box, QHBoxLayout)
        box.insertWidget(1, self.second)
        self._second: Callable[[], None] | None = None
        self.buttons[0].clicked.connect(self._act)
        self.buttons[1].clicked.connect(self.hide)
        page.installEventFilter(self)

    def notify(
        self,
        text: str,
        label: str = "",
        action: Callable[[], None] | None = None,
        *,
        second: tuple[str, Callable[[], None]] | None = None,
        warning: bool = False,
    ) -> None:
        """Show a text, with a button for each next step; a warning looks different."""
        self._action = action
        words, self._second = ("", None) if second is None else second
        self.second.setText(words)
        self.second.setVisible(second is not None)
        self.buttons[0].setText(label)
        self.buttons[0].setVisible(action is not None)
        self.setProperty("warning", warning)
        self.style().polish(self)
        self.show_text(text)
        self._place()
        self.raise_()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Stay at the lower edge of the page."""
        if event.type() in (QEvent.Type.Resize, QEvent.Type.LayoutRequest):
            self._place()
        return super().eventFilter(watched, event)

    def changeEvent(self, event: QEvent) -> None:
        """Make room for text of another size."""
        super().changeEvent(event)
        if event.type() in (QEvent.Type.FontChange, QEvent.Type.StyleChange):
            self._place()

    def _place(self) -> None:
        width = self._page.width() - 2 * _MARGIN
        height = self.heightForWidth(width)
        self.setGeometry(_MARGIN, self._page.height() - height - _MARGIN, width, height)
        self.covers.emit(0 if self.isHidden() else height + 2 * _MARGIN)

    def hideEvent(self, event: QHideEvent) -> None:
        """Give the lower edge of the page back."""
        super().hideEvent(event)
        if self.isHidden():
            self.covers.emit(0)

    def showEvent(self, event: QShowEvent) -> None:
        """Say what is hidden, as when it comes back after the light table."""
        super().showEvent(event)
        self._place()

    def _act_second(self) -> None:
        self.hide()
        if self._second is not None:
            self._second()

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
        # How long the steps after this one take is not known.
        parts.append(f"{minutes}:{seconds:02d} left in this step")
    return "  ·  ".join(parts)
