"""The keys of the classes, as a line of text that can be clicked."""

from __future__ import annotations

from collections.abc import Sequence

from markupsafe import Markup
from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QPalette
from PySide6.QtWidgets import QLabel

from defect_workbench.app.document.class_keys import ClassKey, ClassKeys
from defect_workbench.app.document.workbench_document import Document
from defect_workbench.core.project.palette import NEUTRAL
from defect_workbench.gui.shared.rich_text import class_link, coloured, key_meaning, listed, unbroken


class ClassLegend(QLabel):
    """Shows the key, colour and name of each class; `linkActivated` has the key of the one that is clicked.

    Parameters
    ----------
    keys : ClassKeys
    others : sequence of (key, meaning)
        Keys that stand for something else; they are not clickable.
    """

    def __init__(self, document: Document, keys: ClassKeys, *others: tuple[str, str]) -> None:
        super().__init__()
        self._document, self._keys, self._others = document, keys, others
        self._room: tuple[int, int] | None = None
        self.setWordWrap(True)
        self.setTextFormat(Qt.TextFormat.RichText)
        self.setAlignment(Qt.AlignmentFlag.AlignTop)
        keys.changed.connect(self.refresh)

    def set_others(self, others: Sequence[tuple[str, str]]) -> None:
        """Show other keys that do not stand for a class, and what they mean."""
        self._others = tuple(others)

    def fit(self, width: int, lines: int) -> None:
        """Show as many classes as fit, and how many more there are; a tool tip then shows all of them."""
        self._room = (width, lines)
        self.refresh()

    def refresh(self) -> None:
        """Show the classes as they are now. Those with images come first, as the last lines may not fit."""
        partition = self._document.partition
        keys = sorted(self._keys.keys, key=lambda each: partition is None or each.cluster(partition) is None)
        words, shown = [self._words(each) for each in keys], len(keys)
        text = self._line(words, shown)
        self.setText(text)
        if self._room is not None:
            width, lines = self._room
            height = lines * self.fontMetrics().lineSpacing()
            # The height for a width is never below the minimum, which may be that of larger letters.
            self.setMinimumHeight(0)
            while shown and self.heightForWidth(width) > height:
                shown -= 1
                self.setText(self._line(words, shown))
            self.setMinimumHeight(max(0, self.heightForWidth(width)))
        self.setToolTip(text if shown < len(words) else "")

    def _line(self, words: Sequence[Markup], shown: int) -> str:
        left = [unbroken(f"and {len(words) - shown:,} more")] if shown < len(words) else []
        return listed([*words[:shown], *left, *(key_meaning(*other) for other in self._others)])

    def _words(self, each: ClassKey) -> Markup:
        partition = self._document.partition
        cluster = each.cluster(partition) if partition is not None else None
        known = each.known
        if cluster is not None:
            square, colour, label = "■", self._document.colour(cluster), cluster.label
        else:
            # A class of the library without images.
            square, colour = "□", known.colour if known is not None and known.colour else NEUTRAL
            label = "" if known is None else known.name
        role = QPalette.ColorRole.Text if cluster is not None else QPalette.ColorRole.PlaceholderText
        return class_link(each.key, label, coloured(square, colour), self.palette().color(role).name())

    def changeEvent(self, event: QEvent) -> None:
        """Write the text in the colours of another theme, or in letters of another size."""
        super().changeEvent(event)
        if event.type() in (QEvent.Type.PaletteChange, QEvent.Type.FontChange) and self.text():
            self.refresh()
