"""The keys of the classes, as a line of text that can be clicked."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QPalette
from PySide6.QtWidgets import QLabel

from defect_workbench.app.document.class_keys import ClassKey, class_keys
from defect_workbench.app.document.workbench_document import Document
from defect_workbench.core.project.palette import NEUTRAL


class ClassLegend(QLabel):
    """Shows the key, colour and name of each class; `linkActivated` has the key of the one that is clicked.

    Parameters
    ----------
    others : sequence of (key, meaning)
        Keys that stand for something else; they are not clickable.
    """

    def __init__(self, document: Document, *others: tuple[str, str]) -> None:
        super().__init__()
        self._document, self._others = document, others
        self.keys: tuple[ClassKey, ...] = ()
        self.setWordWrap(True)
        self.setTextFormat(Qt.TextFormat.RichText)

    def set_others(self, others: Sequence[tuple[str, str]]) -> None:
        """Show other keys that do not stand for a class, and what they mean."""
        self._others = tuple(others)

    def restart(self) -> None:
        """Give the keys again, for other images."""
        self.keys = ()
        self.refresh()

    def refresh(self) -> None:
        """Show the classes as they are now; each keeps its key. Those with images come first.

        A library may have many classes of other products, and the last lines may not fit.
        """
        partition = self._document.partition
        self.keys = () if partition is None else class_keys(partition, self._document.classes, self.keys)
        others = [f"<b>{key}</b>&nbsp;{meaning.replace(' ', '&nbsp;')}" for key, meaning in self._others]
        shown = sorted(self.keys, key=lambda each: partition is None or each.cluster(partition) is None)
        self.setText("&nbsp;&nbsp; ".join([*(self._words(each) for each in shown), *others]))

    def of(self, key: str) -> ClassKey | None:
        """Return the class of a key."""
        return next((each for each in self.keys if each.key == key), None)

    def _words(self, each: ClassKey) -> str:
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
        style = f"color:{self.palette().color(role).name()}; text-decoration:none"
        name = escape(label).replace(" ", "&nbsp;")
        return (
            f'<a href="{each.key}" style="{style}"><span style="color:{colour}">{square}</span>&nbsp;'
            f"<b>{each.key}</b>&nbsp;{name}</a>"
        )

    def changeEvent(self, event: QEvent) -> None:
        """Write the text in the colours of another theme."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange and self.text():
            self.refresh()
