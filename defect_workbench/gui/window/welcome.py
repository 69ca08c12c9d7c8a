"""The welcome page: open a folder, resume recent work, or try the sample set."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QEvent, QSize, Qt, Signal
from PySide6.QtGui import QPalette
from PySide6.QtWidgets import (
    QApplication,
    QFrame,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from defect_workbench.app.recent_work import RecentWork
from defect_workbench.gui.shared.labels import ElidedLabel, heading_label

_SHOWN = 5
_TITLE = 1.9  # relative to the text


class Welcome(QWidget):
    """The welcome page. Signals: open_folder, open_session, open_sample, open_recent(RecentWork),
    forget(path) to remove it from the list."""

    open_folder = Signal()
    open_session = Signal()
    open_sample = Signal()
    open_recent = Signal(object)
    forget = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("welcome")
        self.setAutoFillBackground(True)
        self.setBackgroundRole(QPalette.ColorRole.Base)
        self._title = QLabel("Group defect images")
        self._size_title()
        words = QLabel(
            "Open a folder of SEM, AFM or microscope images. They are compared as whole images, "
            "by network features, texture and shape, or by the defect that stands out in each. Drag the cut "
            "of the dendrogram until the groups make sense, review the outliers, and export labelled "
            "folders. Your images are never changed."
        )
        words.setWordWrap(True)
        words.setForegroundRole(QPalette.ColorRole.PlaceholderText)
        folder = QPushButton("Open a folder…")
        folder.setObjectName("primary")
        folder.clicked.connect(self.open_folder)
        session = QPushButton("Open a session…")
        session.clicked.connect(self.open_session)
        sample = QPushButton("Try the sample set")
        sample.clicked.connect(self.open_sample)
        buttons = QHBoxLayout()
        buttons.setSpacing(10)
        for button in (folder, session, sample):
            buttons.addWidget(button)
        buttons.addStretch(1)
        hint = QLabel("You can also drop a folder, a session or an inspection file (KLARF) on this window.")
        hint.setForegroundRole(QPalette.ColorRole.PlaceholderText)
        hint.setWordWrap(True)
        self._recent_title = QLabel("Recent")
        bold = self._recent_title.font()
        bold.setWeight(bold.Weight.DemiBold)
        self._recent_title.setFont(bold)
        self._recent = QVBoxLayout()
        self._recent.setSpacing(6)

        column = QFrame()
        column.setMaximumWidth(660)
        inside = QVBoxLayout(column)
        inside.setSpacing(16)
        inside.addStretch(2)
        for item in (self._title, words):
            inside.addWidget(item)
        inside.addLayout(buttons)
        inside.addWidget(hint)
        inside.addSpacing(12)
        inside.addWidget(self._recent_title)
        inside.addLayout(self._recent)
        inside.addStretch(3)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(32, 16, 32, 16)
        layout.addStretch(1)
        layout.addWidget(column, 6)
        layout.addStretch(1)

    def _size_title(self) -> None:
        font = self._title.font()
        font.setPointSizeF(QApplication.font().pointSizeF() * _TITLE)
        font.setWeight(font.Weight.DemiBold)
        self._title.setFont(font)

    def changeEvent(self, event: QEvent) -> None:
        """Keep the title larger than the text."""
        if event.type() in (QEvent.Type.FontChange, QEvent.Type.StyleChange):
            self._size_title()
        super().changeEvent(event)

    def set_recent(self, works: Sequence[RecentWork]) -> None:
        """List what was opened last; what is gone can only be removed from the list."""
        while (item := self._recent.takeAt(0)) is not None:
            widget = item.widget()
            if widget is not None:
                widget.hide()
                widget.deleteLater()
        self._recent_title.setVisible(bool(works))
        for work in works[:_SHOWN]:
            self._recent.addWidget(self._line(work))

    def _line(self, work: RecentWork) -> QWidget:
        button = _RecentButton(work.file.name or work.path, work.words)
        button.setCursor(Qt.CursorShape.PointingHandCursor)
        button.setEnabled(work.exists)
        button.clicked.connect(lambda _=False: self.open_recent.emit(work))
        remove = QToolButton()
        remove.setText("×")
        remove.setAutoRaise(True)
        remove.setToolTip("Remove from this list; nothing is deleted")
        remove.setAccessibleName(f"Remove {work.file.name} from the list")
        remove.clicked.connect(lambda _=False: self.forget.emit(work.path))
        line = QWidget()
        row = QHBoxLayout(line)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(button, 1)
        row.addWidget(remove)
        return line


class _RecentButton(QPushButton):
    """A folder or a session, with its date and progress below.

    A QCommandLinkButton would have text of a fixed size.
    """

    def __init__(self, name: str, words: str) -> None:
        super().__init__()
        self.setAccessibleName(name)
        self.setAccessibleDescription(words)
        # Date and progress matter more than where the folder is.
        detail = ElidedLabel(Qt.TextElideMode.ElideLeft)
        detail.setText(words)
        rows = QVBoxLayout(self)
        rows.setContentsMargins(14, 7, 14, 7)
        rows.setSpacing(2)
        for label in (heading_label(name), detail):
            label.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
            rows.addWidget(label)

    def sizeHint(self) -> QSize:
        """Return the size of both lines."""
        rows = self.layout()
        return QSize() if rows is None else rows.sizeHint()

    def minimumSizeHint(self) -> QSize:
        """Return the height of both lines; they are shortened where there is no room."""
        return QSize(0, self.sizeHint().height())
