"""What the places of the clusters show, in words."""

from __future__ import annotations

from PySide6.QtCore import QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QIcon, QPainter, QPalette, QPixmap
from PySide6.QtWidgets import QFrame, QListWidget, QListWidgetItem, QVBoxLayout, QWidget

from defect_workbench.app.document.workbench_document import Document
from defect_workbench.app.wafer.placement_watch import PlacementWatch
from defect_workbench.core.text import counted
from defect_workbench.core.wafer.placement import PlacementFinding, Repeater, p_words, summary_words
from defect_workbench.gui.shared.labels import heading_label, secondary_label

_SWATCH = 12
_CLUSTER, _IMAGES = Qt.ItemDataRole.UserRole, Qt.ItemDataRole.UserRole + 1
_MOST_REPEATERS = 50


class FindingsPanel(QWidget):
    """Lists clusters whose placement is not random first, then repeaters.

    Signals: cluster_wanted(key) and images_wanted(images) when an entry is clicked.
    """

    cluster_wanted = Signal(int)
    images_wanted = Signal(list)

    def __init__(self, document: Document, watch: PlacementWatch) -> None:
        super().__init__()
        self._document, self._watch = document, watch
        self.summary = secondary_label()
        self.entries = QListWidget()
        self.entries.setObjectName("waferFindings")
        self.entries.setAccessibleName("Placement of the clusters")
        self.entries.setWordWrap(True)
        self.entries.setFrameShape(QFrame.Shape.NoFrame)
        self.entries.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.entries.setSpacing(3)
        self.entries.setIconSize(QSize(_SWATCH, _SWATCH))
        self.entries.itemClicked.connect(self._on_clicked)
        self.entries.itemActivated.connect(self._on_clicked)
        self.source = secondary_label()
        heading = heading_label("Placement against the other defects")
        heading.setWordWrap(True)
        column = QVBoxLayout(self)
        column.setContentsMargins(10, 8, 10, 8)
        column.setSpacing(6)
        column.addWidget(heading)
        column.addWidget(self.summary)
        column.addWidget(self.entries, 1)
        column.addWidget(self.source)
        watch.changed.connect(self.refresh)
        watch.places_changed.connect(self.refresh)

    def refresh(self) -> None:
        """Show the findings as they are now."""
        watch, partition = self._watch, self._document.partition
        source = watch.source
        self.source.setText("" if source is None else f"{source.words}.")
        findings, repeaters = watch.findings, watch.repeaters
        if watch.failure:
            self.summary.setText(watch.failure)
        elif not findings and watch.busy:
            self.summary.setText("Comparing each cluster with the other defects…")
        else:
            found = f" {counted(len(repeaters), 'repeater')}." if repeaters else ""
            self.summary.setText(summary_words(findings) + found)
        self.entries.clear()
        if partition is None:
            return
        for finding in sorted(findings, key=lambda each: (not each.remarkable, each.cluster)):
            cluster = partition.clusters[finding.cluster]
            item = self._add(_lines(finding), self._document.colour(cluster), soft=not finding.remarkable)
            item.setData(_CLUSTER, cluster.key)
        for repeater in repeaters[:_MOST_REPEATERS]:
            item = self._add(_repeater_lines(repeater), "")
            item.setData(_IMAGES, list(repeater.images))
        if len(repeaters) > _MOST_REPEATERS:
            self._add(f"{len(repeaters) - _MOST_REPEATERS:,} more repeaters", "", soft=True)

    def _add(self, text: str, colour: str, *, soft: bool = False) -> QListWidgetItem:
        item = QListWidgetItem(text)
        item.setIcon(self._swatch(colour))
        if soft:
            item.setForeground(self.palette().color(QPalette.ColorRole.PlaceholderText))
        self.entries.addItem(item)
        return item

    def _swatch(self, colour: str) -> QIcon:
        """Return a square in the colour of a cluster, or one that is only outlined."""
        ratio = self.devicePixelRatioF()
        pixmap = QPixmap(round(_SWATCH * ratio), round(_SWATCH * ratio))
        pixmap.setDevicePixelRatio(ratio)
        pixmap.fill(QColor(colour) if colour else self.palette().color(QPalette.ColorRole.Text))
        if not colour:
            painter = QPainter(pixmap)
            inner = QRectF(2, 2, _SWATCH - 4, _SWATCH - 4)
            painter.fillRect(inner, self.palette().color(QPalette.ColorRole.Base))
            painter.end()
        icon = QIcon(pixmap)
        # Not tinted where the entry is selected.
        icon.addPixmap(pixmap, QIcon.Mode.Selected)
        return icon

    def _on_clicked(self, item: QListWidgetItem) -> None:
        key, images = item.data(_CLUSTER), item.data(_IMAGES)
        if key is not None:
            self.cluster_wanted.emit(int(key))
        elif images:
            self.images_wanted.emit(list(images))


def _lines(finding: PlacementFinding) -> str:
    # The p-value stays on one line.
    sentence = finding.sentence.replace("p < ", "p\N{NO-BREAK SPACE}<\N{NO-BREAK SPACE}")
    sentence = sentence.replace("p = ", "p\N{NO-BREAK SPACE}=\N{NO-BREAK SPACE}")
    return "\n".join(filter(None, (sentence, finding.effect)))


def _repeater_lines(repeater: Repeater) -> str:
    where = f"x {repeater.x_um:,.0f}, y {repeater.y_um:,.0f} µm"
    return f"Repeater on {counted(repeater.dies, 'die')} ({p_words(repeater.p)})\nin the die at {where}"
