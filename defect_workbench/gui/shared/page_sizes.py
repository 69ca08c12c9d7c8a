"""Pages of which only the current one decides how small the window can be."""

from __future__ import annotations

from PySide6.QtWidgets import QSizePolicy, QStackedWidget, QTabWidget, QWidget


def only_current_counts(pages: QStackedWidget | QTabWidget) -> None:
    """Let hidden pages take no room: else the widest of them would keep the window from being made small."""

    def refresh(current: int) -> None:
        for number in range(pages.count()):
            page = pages.widget(number)
            policy = QSizePolicy.Policy.Preferred if number == current else QSizePolicy.Policy.Ignored
            if page is not None:
                page.setSizePolicy(policy, policy)
        # All the way up at once: panels that are shown next would find the window too small for the old page.
        widget: QWidget | None = pages
        while widget is not None:
            widget.updateGeometry()
            widget = widget.parentWidget()

    pages.currentChanged.connect(refresh)
    refresh(pages.currentIndex())
