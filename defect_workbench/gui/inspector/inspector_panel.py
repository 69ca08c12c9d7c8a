"""One image at large, with what is known about it and why it is where it is."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QImage, QPalette, QPixmap
from PySide6.QtWidgets import (
    QFormLayout,
    QFrame,
    QLabel,
    QScrollArea,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from defect_workbench.app.document.measurement_text import measured_words
from defect_workbench.app.document.workbench_document import Document
from defect_workbench.app.image_loading.full_image_loader import OriginalLoader
from defect_workbench.app.image_loading.thumbnail_loader import ThumbnailLoader
from defect_workbench.core.arrays import Integers
from defect_workbench.core.images.instrument import ToolFacts
from defect_workbench.core.project.block_evidence import Pull, block_pull, nearest_images
from defect_workbench.core.project.decisions import Partition
from defect_workbench.core.project.palette import NEUTRAL
from defect_workbench.core.project.project_state import Project
from defect_workbench.core.project.proposal import Proposal
from defect_workbench.core.project.side_data import SideData, cell_text
from defect_workbench.gui.inspector.evidence_bars import PullBars
from defect_workbench.gui.inspector.image_view import PictureView
from defect_workbench.gui.inspector.neighbour_strip import Neighbour, NeighbourStrip
from defect_workbench.gui.inspector.tone_sliders import ToneSliders

_FACTS = (
    "File",
    "Size",
    "Cluster",
    "Proposed",
    "Outlier score",
    "Nearest",
    "Measured",
    "Tool",
    "Table",
    "Note",
)
_NAMES = ("File", "Note")
# Zero-width spaces after these let long file names wrap.
_BREAKS = re.compile(r"([/_.\-])")
_NEIGHBOURS = 8
# What takes a look at every vector waits until the person stays with an image.
_QUIET_MILLISECONDS = 60

_HINT = "Choose an image to see it here"


class Inspector(QWidget):
    """Shows the image that was chosen last. Signals: image_chosen(image) from its neighbours."""

    image_chosen = Signal(int)

    def __init__(
        self,
        document: Document,
        originals: OriginalLoader,
        thumbnails: ThumbnailLoader,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.setObjectName("inspector")
        self.setAutoFillBackground(True)
        self.setBackgroundRole(QPalette.ColorRole.Base)
        self._document, self._originals = document, originals
        self._image: int | None = None
        self._path = self._shown = ""
        self.picture = PictureView(scale_bar=True)
        self.tone = ToneSliders()
        self._values = {name: QLabel() for name in _FACTS}
        self._neighbours = NeighbourStrip(thumbnails)
        self._pull_title, self._pull = _soft(""), PullBars()
        self._form = self._make_form()
        self._details = QWidget()
        self._details.setBackgroundRole(QPalette.ColorRole.Base)
        rows = QVBoxLayout(self._details)
        rows.setContentsMargins(12, 8, 12, 12)
        rows.setSpacing(8)
        rows.addLayout(self._form)
        self._near_title = _soft("Most like it")
        for widget in (self._near_title, self._neighbours, self._pull_title, self._pull):
            rows.addWidget(widget)
        rows.addStretch(1)
        scroll = QScrollArea()
        scroll.setFrameShape(QFrame.Shape.NoFrame)
        scroll.setWidgetResizable(True)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        scroll.setWidget(self._details)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self.picture, 1)
        layout.addWidget(self.tone)
        layout.addWidget(scroll, 1)
        self._quiet = QTimer(self)
        self._quiet.setSingleShot(True)
        self._quiet.setInterval(_QUIET_MILLISECONDS)
        self._quiet.timeout.connect(self._explain)
        self.tone.changed.connect(self._ask)
        self._neighbours.chosen.connect(self.image_chosen)
        document.partition_changed.connect(self._refresh)
        document.side_changed.connect(self._refresh)
        document.opened.connect(lambda: self.show_image(None))
        originals.ready.connect(self._on_ready)
        self.show_image(None)

    def _make_form(self) -> QFormLayout:
        form = QFormLayout()
        form.setHorizontalSpacing(14)
        form.setVerticalSpacing(6)
        form.setLabelAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignTop)
        for name, label in self._values.items():
            label.setWordWrap(True)
            label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
            label.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Minimum)
            heading = _soft(name)
            heading.setAlignment(Qt.AlignmentFlag.AlignTop)
            form.addRow(heading, label)
        return form

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
        """Whether its picture is on the screen."""
        return bool(self._path) and self._shown == self._path

    def _refresh(self) -> None:
        project, partition = self._document.project, self._document.partition
        there = (
            project is not None
            and partition is not None
            and self._image is not None
            and self._image < len(project.images)
        )
        self.tone.setVisible(there)
        self._details.setVisible(there)
        if project is None or partition is None or self._image is None or not there:
            self._path = self._shown = ""
            self._quiet.stop()
            waiting = project is None and self._image is not None
            words = "It shows here when the images are compared" if waiting else _HINT
            self.picture.show_pixmap(None, words)
            return
        path = str(project.images.absolute(self._image))
        if path != self._path:
            self._path = path
            self.picture.show_pixmap(None, "Loading…")
            record = project.images.images[self._image]
            self.picture.set_pixel_size(None if record.tool is None else record.tool.pixel_size_nm)
            self.picture.set_left_out(record.info_bar)
            self._ask()
        for row, (name, text) in enumerate(self._facts(project, partition, self._image).items()):
            self._values[name].setText(_BREAKS.sub("\\1\u200b", text) if name in _NAMES else text)
            self._form.setRowVisible(row, bool(text))
        self._quiet.start()

    def _facts(self, project: Project, partition: Partition, image: int) -> dict[str, str]:
        record = project.images.images[image]
        number = int(partition.cluster_of[image])
        score = float(project.analysis.outlier_scores[image])
        return {
            "File": record.path,
            "Size": f"{record.width:,} × {record.height:,} px",
            "Cluster": partition.clusters[number].label if number >= 0 else "none: resembles nothing else",
            "Proposed": _proposed_words(project.proposal, image),
            "Outlier score": f"{score:.2f} (flagged above 1)",
            "Nearest": _nearest(partition, image),
            "Measured": measured_words(record.measured),
            "Tool": _tool_words(record.tool),
            "Table": _row_words(project.side, image),
            "Note": record.note,
        }

    # What takes longer

    def _explain(self) -> None:
        """The neighbours, and which block speaks for the cluster."""
        project, partition, image = self._document.project, self._document.partition, self._image
        if project is None or partition is None or image is None:
            return
        found, distances = nearest_images(partition, image, _NEIGHBOURS)
        self._neighbours.show_neighbours(
            tuple(
                self._neighbour(project, partition, other, distance)
                for other, distance in zip(found.tolist(), distances.tolist(), strict=True)
            )
        )
        pull = block_pull(project.analysis, partition, image)
        self._pull_title.setText(_pull_words(pull, partition))
        self._pull.show_shares(pull.blocks if pull is not None else {})

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

    # The picture

    def _ask(self) -> None:
        if self._path:
            self._originals.ask(self._path, self.tone.tone())

    def _on_ready(self, path: str, image: QImage) -> None:
        if path != self._path:
            return
        same, self._shown = self._shown == path, path
        if image.isNull():
            self.picture.show_pixmap(None, f"{Path(path).name} cannot be read")
        else:
            self.picture.show_pixmap(QPixmap.fromImage(image), "", keep_view=same)


def _soft(text: str) -> QLabel:
    label = QLabel(text)
    label.setForegroundRole(QPalette.ColorRole.PlaceholderText)
    label.setWordWrap(True)
    return label


def _one(image: int) -> Integers:
    return np.array([image], np.intp)


def _nearest(partition: Partition, image: int) -> str:
    numbers, distances = partition.nearest(_one(image), 3)
    pairs = zip(numbers[0].tolist(), distances[0].tolist(), strict=True)
    return "\n".join(f"{partition.clusters[number].label}  {distance:.3f}" for number, distance in pairs)


def _proposed_words(proposal: Proposal | None, image: int) -> str:
    if proposal is None:
        return ""
    if not proposal.labels[image]:
        return "nothing: of unknown kind"
    return f"{proposal.labels[image]}, probability {proposal.probability[image]:.2f}"


def _tool_words(tool: ToolFacts | None) -> str:
    """What the microscope says, a line for each group of facts."""
    if tool is None:
        return ""
    numbers = (
        (tool.pixel_size_nm, "{:g} nm/px"),
        (tool.magnification, "{:,g} ×"),
        (tool.voltage_kv, "{:g} kV"),
        (tool.working_distance_mm, "WD {:g} mm"),
    )
    values = [words.format(float(f"{value:.4g}")) for value, words in numbers if value is not None]
    lines = [" · ".join(filter(None, (tool.maker, tool.detector))), " · ".join(values)]
    lines += [tool.acquired, f"heights in {tool.height_unit}" if tool.height_unit else ""]
    return "\n".join(filter(None, lines))


def _row_words(side: SideData | None, image: int) -> str:
    """The image's row of the joined table."""
    if side is None:
        return ""
    if not side.joined[image]:
        return f"no row in {side.source}"
    cells = [(column.name, cell_text(column.cells[image])) for column in side.columns]
    return "\n".join(f"{name}: {text}" for name, text in cells if text)


def _pull_words(pull: Pull | None, partition: Partition) -> str:
    if pull is None or not pull.blocks:
        return ""
    names = partition.clusters[pull.cluster].label, partition.clusters[pull.rival].label
    return f"What speaks for {names[0]}, against {names[1]}"
