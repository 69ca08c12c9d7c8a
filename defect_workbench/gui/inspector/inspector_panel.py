"""One image in detail: its metadata, its neighbours, and the evidence for its cluster."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PySide6.QtCore import QSize, Qt, QTimer, Signal
from PySide6.QtGui import QImage, QPalette, QPixmap
from PySide6.QtWidgets import (
    QFormLayout,
    QFrame,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QScrollArea,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from defect_workbench.app.document.measurement_text import measured_words
from defect_workbench.app.document.workbench_document import Document
from defect_workbench.app.image_loading.full_image_loader import OriginalLoader
from defect_workbench.app.image_loading.thumbnail_loader import ThumbnailLoader
from defect_workbench.core.clustering.feature_blocks import DEFECT
from defect_workbench.core.clustering.outlier_reason import outlier_reason
from defect_workbench.core.images.defect_maps import SOURCE_LABELS
from defect_workbench.core.images.instrument import metadata_text
from defect_workbench.core.project.block_evidence import BlockEvidence, block_evidence_of
from defect_workbench.core.project.decision_history import latest
from defect_workbench.core.project.decisions import Partition
from defect_workbench.core.project.likeness import nearest_images
from defect_workbench.core.project.palette import NEUTRAL
from defect_workbench.core.project.project_state import Project
from defect_workbench.core.table_columns import cell_text
from defect_workbench.core.wafer.inspection_words import inspection_words
from defect_workbench.engine.features.registry import short_label
from defect_workbench.gui.inspector.error_legend import ErrorLegend
from defect_workbench.gui.inspector.evidence_bars import EvidenceBars
from defect_workbench.gui.inspector.image_view import ImageView
from defect_workbench.gui.inspector.neighbour_strip import Neighbour, NeighbourStrip
from defect_workbench.gui.inspector.tone_sliders import ToneSliders
from defect_workbench.gui.shared.labels import secondary_label
from defect_workbench.gui.shared.map_overlays import MapOverlays

# Zero-width spaces after these let long file names wrap.
_BREAKS = re.compile(r"([/_.\-])")
_NEIGHBOURS = 8
# For the minimum width; the margins are those around and between the columns, and the scroll bar.
_WIDEST_NAME, _TYPICAL_VALUE, _MARGINS = "Outlier score", "cluster-00  0.000", 56
# Neighbours and evidence use all vectors, so they wait until the user stays with an image.
_QUIET_MILLISECONDS = 60

_HINT = "Select an image to see it here"


class Inspector(QWidget):
    """Shows the image that was selected last. Signals: image_chosen(image) from its neighbours."""

    image_chosen = Signal(int)

    def __init__(
        self,
        document: Document,
        originals: OriginalLoader,
        thumbnails: ThumbnailLoader,
        overlays: MapOverlays,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.setObjectName("inspector")
        self.setAutoFillBackground(True)
        self.setBackgroundRole(QPalette.ColorRole.Base)
        self._document, self._originals, self._overlays = document, originals, overlays
        self._image: int | None = None
        self._path = self._shown = ""
        self.image_view = ImageView(scale_bar=True)
        self.tone = ToneSliders()
        self.map_toggle = QPushButton("Defect map")
        self.map_toggle.setObjectName("defectMapToggle")
        self.map_toggle.setCheckable(True)
        self.map_toggle.setToolTip("Show where the images are unusual (O)")
        self.map_toggle.clicked.connect(overlays.toggle)
        self.fields = {field.name: QLabel() for field in _FIELDS}
        self.neighbour_strip = NeighbourStrip(thumbnails, overlays)
        self.evidence_title, self.evidence_bars = secondary_label(""), EvidenceBars()
        self._form = self._make_form()
        self._details = QWidget()
        self._details.setBackgroundRole(QPalette.ColorRole.Base)
        rows = QVBoxLayout(self._details)
        rows.setContentsMargins(12, 8, 12, 12)
        rows.setSpacing(8)
        rows.addLayout(self._form)
        self.neighbours_title = secondary_label("Most similar images")
        for widget in (self.neighbours_title, self.neighbour_strip, self.evidence_title, self.evidence_bars):
            rows.addWidget(widget)
        rows.addStretch(1)
        self._scroll = scroll = QScrollArea()
        scroll.setFrameShape(QFrame.Shape.NoFrame)
        scroll.setWidgetResizable(True)
        scroll.setAccessibleName("Details of the image")
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        scroll.setWidget(self._details)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self.image_view, 1)
        self.error_legend = ErrorLegend(overlays.boxes)
        self.error_legend.setContentsMargins(12, 4, 12, 4)
        layout.addWidget(self.error_legend)
        # A widget, as a layout without visible widgets would keep its margins.
        self._map_row = QWidget()
        beside = QHBoxLayout(self._map_row)
        beside.setContentsMargins(12, 4, 12, 4)
        beside.addWidget(self.map_toggle)
        beside.addStretch(1)
        layout.addWidget(self._map_row)
        layout.addWidget(self.tone)
        layout.addWidget(scroll, 1)
        self._quiet = QTimer(self)
        self._quiet.setSingleShot(True)
        self._quiet.setInterval(_QUIET_MILLISECONDS)
        self._quiet.timeout.connect(self._explain)
        self.tone.changed.connect(self._request)
        self.neighbour_strip.chosen.connect(self.image_chosen)
        document.partition_changed.connect(self._refresh)
        document.side_changed.connect(self._refresh)
        document.opened.connect(lambda: self.show_image(None))
        originals.ready.connect(self._on_ready)
        overlays.changed.connect(self._show_map)
        self.show_image(None)

    def _make_form(self) -> QFormLayout:
        form = QFormLayout()
        form.setHorizontalSpacing(14)
        form.setVerticalSpacing(6)
        form.setLabelAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignTop)
        for name, label in self.fields.items():
            label.setWordWrap(True)
            label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
            label.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Minimum)
            heading = secondary_label(name)
            heading.setAlignment(Qt.AlignmentFlag.AlignTop)
            form.addRow(heading, label)
        return form

    def minimumSizeHint(self) -> QSize:
        """Wide enough for a cluster's name and a distance on one line, at every text size."""
        hint, metrics = super().minimumSizeHint(), self.fontMetrics()
        row = metrics.horizontalAdvance(_WIDEST_NAME) + metrics.horizontalAdvance(_TYPICAL_VALUE)
        return QSize(max(hint.width(), row + _MARGINS), hint.height())

    def show_image(self, image: int | None) -> None:
        """Show an image of the project; None shows a hint."""
        self._image = image
        self._refresh()

    @property
    def image(self) -> int | None:
        """The image shown."""
        return self._image

    @property
    def loaded(self) -> bool:
        """Whether the full image is shown."""
        return bool(self._path) and self._shown == self._path

    def _refresh(self) -> None:
        project, partition = self._document.project, self._document.partition
        has_image = (
            project is not None
            and partition is not None
            and self._image is not None
            and self._image < len(project.images)
        )
        self.tone.setVisible(has_image)
        self._show_map()
        self._scroll.setVisible(has_image)
        if project is None or partition is None or self._image is None or not has_image:
            self._path = self._shown = ""
            self._quiet.stop()
            waiting = project is None and self._image is not None
            words = "Details appear here once all images have been compared" if waiting else _HINT
            self.image_view.show_pixmap(None, words)
            return
        path = str(project.images.absolute(self._image))
        if path != self._path:
            self._path = path
            self.image_view.show_pixmap(None, "Loading…")
            record = project.images.images[self._image]
            self.image_view.set_pixel_size(None if record.tool is None else record.tool.pixel_size_nm)
            self.image_view.set_left_out(record.info_bar_share)
            self._request()
        for row, field in enumerate(_FIELDS):
            text = field.text(project, partition, self._image)
            self.fields[field.name].setText(_BREAKS.sub("\\1\u200b", text) if field.long_words else text)
            self._form.setRowVisible(row, bool(text))
        self._quiet.start()

    # Neighbours and evidence

    def _explain(self) -> None:
        """Show the neighbours of the image, and the evidence for its cluster."""
        project, partition, image = self._document.project, self._document.partition, self._image
        if project is None or partition is None or image is None:
            return
        neighbours, distances = nearest_images(partition, image, _NEIGHBOURS)
        self.neighbour_strip.show_neighbours(
            tuple(
                self._neighbour(project, partition, other, distance)
                for other, distance in zip(neighbours.tolist(), distances.tolist(), strict=True)
            )
        )
        evidence = block_evidence_of(project.analysis, partition, image)
        words = _evidence_words(evidence, partition)
        if evidence is not None and self._overlays.available and evidence.blocks.get(DEFECT, 0) > 0:
            words += "\nThe evidence of the defect is from the places that its map marks (O)"
        self.evidence_title.setText(words)
        # A single block has all of the weight, whatever the image is: a bar would say nothing.
        several = evidence is not None and len(evidence.blocks) > 1
        self.evidence_bars.show_shares(evidence.blocks if evidence is not None and several else {})

    def _neighbour(self, project: Project, partition: Partition, image: int, distance: float) -> Neighbour:
        number = int(partition.cluster_of[image])
        cluster = partition.clusters[number] if number >= 0 else None
        return Neighbour(
            image,
            str(project.images.absolute(image)),
            NEUTRAL if cluster is None else self._document.colour(cluster),
            f"{project.images.images[image].path}\n"
            f"{cluster.label if cluster is not None else 'outlier'}, distance {distance:.3f}",
        )

    # The image

    def _show_map(self) -> None:
        """Lay the defect map over the image, or remove it."""
        self._map_row.setVisible(self._image is not None and self._overlays.available)
        self.map_toggle.setChecked(self._overlays.shown)
        self._overlays.lay_over(self.image_view, self._image)
        self.error_legend.show_images([self._image])

    def _request(self) -> None:
        if self._path:
            self._originals.request(self._path, self.tone.tone())

    def _on_ready(self, path: str, image: QImage) -> None:
        if path != self._path:
            return
        same, self._shown = self._shown == path, path
        if image.isNull():
            self.image_view.show_pixmap(None, f"{Path(path).name} cannot be read")
        else:
            self.image_view.show_pixmap(QPixmap.fromImage(image), "", keep_view=same)


def _evidence_words(evidence: BlockEvidence | None, partition: Partition) -> str:
    if evidence is None or not evidence.blocks:
        return ""
    names = partition.clusters[evidence.cluster].label, partition.clusters[evidence.rival].label
    if len(evidence.blocks) == 1:
        ((block, share),) = evidence.blocks.items()
        nearer, other = names if share >= 0 else names[::-1]
        return f"Nearer to {nearer} than to {other} ({short_label(block)} features only)"
    return f"Evidence for {names[0]} over {names[1]}"


@dataclass(frozen=True)
class _Field:
    """A row of the form: its label, and its text for an image; an empty text hides the row."""

    name: str
    text: Callable[[Project, Partition, int], str]
    # File names and notes may contain words that are wider than the panel.
    long_words: bool = False


def _size(project: Project, partition: Partition, image: int) -> str:
    record = project.images.images[image]
    return f"{record.width:,} × {record.height:,} px"


def _defect(project: Project, partition: Partition, image: int) -> str:
    """Return which defect of its image a single defect is, and where; empty for a whole image."""
    origin = project.images.images[image].origin
    if origin is None:
        return ""
    counts = {each.path: each.defects for each in project.images.searched}
    of_all = f" of {counts[origin.parent]:,}" if origin.parent in counts else ""
    x1, y1, x2, y2 = origin.box
    return f"{origin.number:,}{of_all} in this image\nx {x1:,} to {x2:,} px\ny {y1:,} to {y2:,} px"


def _cluster(project: Project, partition: Partition, image: int) -> str:
    number = int(partition.cluster_of[image])
    return partition.clusters[number].label if number >= 0 else "none (outlier)"


def _decided(project: Project, partition: Partition, image: int) -> str:
    records = latest(project.history, image)
    if not records:
        return ""
    earlier = len(records) - 1
    more = f"\n{earlier:,} earlier: see the decision history" if earlier else ""
    return records[0].sentence + more


def _proposed(project: Project, partition: Partition, image: int) -> str:
    proposal = project.proposal
    if proposal is None:
        return ""
    if not proposal.labels[image]:
        # Nothing was proposed for images that were there before a folder was added.
        return "none (unknown)" if proposal.unknown[image] else ""
    return f"{proposal.labels[image]}, probability {proposal.probability[image]:.2f}"


def _nearest(project: Project, partition: Partition, image: int) -> str:
    numbers, distances = partition.nearest(np.array([image], np.intp), 3)
    pairs = zip(numbers[0].tolist(), distances[0].tolist(), strict=True)
    return "\n".join(f"{partition.clusters[number].label}  {distance:.3f}" for number, distance in pairs)


def _outlier_score(project: Project, partition: Partition, image: int) -> str:
    score = float(project.analysis.outlier_scores[image])
    reason = outlier_reason(project.analysis, image) if score > 1 else ""
    return f"{score:.2f} ({reason or 'flagged above 1'})"


def _strangeness(project: Project, partition: Partition, image: int) -> str:
    maps = project.maps
    if maps is None:
        return ""
    return f"{float(maps.strangeness[image]):.2f}, against {SOURCE_LABELS[maps.source]}"


def _found(project: Project, partition: Partition, image: int) -> str:
    defects = None if project.found is None else project.found.of[image]
    if project.found is None or defects is None:
        return ""
    kinds = Counter(each.box.label for each in defects)
    words = ", ".join(f"{number} × {label}" for label, number in sorted(kinds.items())) or "none"
    return words + (", checked" if project.found.checked[image] else "")


def _measured(project: Project, partition: Partition, image: int) -> str:
    # Two counts of defects, found in different ways, would contradict each other.
    if project.found is not None and project.found.of[image] is not None:
        return ""
    return measured_words(project.images.images[image].measured)


def _table_row(project: Project, partition: Partition, image: int) -> str:
    side = project.side
    if side is None:
        return ""
    if not side.joined[image]:
        return f"no row in {side.source}"
    cells = [(column.name, cell_text(column.cells[image])) for column in side.columns]
    return "\n".join(f"{name}: {text}" for name, text in cells if text)


def _file(project: Project, partition: Partition, image: int) -> str:
    record = project.images.images[image]
    return f"{record.file}, page {record.page}" if record.page else record.file


def _inspected(project: Project, partition: Partition, image: int) -> str:
    """Return where the defect of an image lies, as inspection files say."""
    inspection = project.inspection
    return "" if inspection is None else inspection_words(inspection, image)


_FIELDS = (
    _Field("File", _file, long_words=True),
    _Field("Defect", _defect),
    _Field("Size", _size),
    _Field("Cluster", _cluster),
    _Field("Decided", _decided, long_words=True),
    _Field("Tags", lambda project, _, image: ", ".join(project.image_notes.tags.get(image, ()))),
    _Field("Note", lambda project, _, image: project.image_notes.texts.get(image, ""), long_words=True),
    _Field("Proposed", _proposed),
    _Field("Outlier score", _outlier_score),
    _Field("Strangeness", _strangeness),
    _Field("Defects", _found),
    _Field("Nearest", _nearest),
    _Field("Measured", _measured),
    _Field("Instrument", lambda project, _, image: metadata_text(project.images.images[image].tool)),
    _Field("Inspection", _inspected),
    _Field("Table", _table_row),
    # What the program noticed when it read the file.
    _Field("Remark", lambda project, _, image: project.images.images[image].note, long_words=True),
)
