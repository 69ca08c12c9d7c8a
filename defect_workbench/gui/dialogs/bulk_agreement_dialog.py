"""Agreeing with many proposals at once, with a random sample of them in sight."""

from __future__ import annotations

from collections import Counter

import numpy as np
from PySide6.QtCore import QSignalBlocker, Signal
from PySide6.QtWidgets import (
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QDoubleSpinBox,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from defect_workbench.app.document.bulk_agreement import SAMPLE, Agreement, agreement, proposed_labels
from defect_workbench.app.document.item_models import ImageModel, Section
from defect_workbench.app.image_loading.thumbnail_loader import ThumbnailLoader
from defect_workbench.core.arrays import Integers
from defect_workbench.core.project.project_state import Project
from defect_workbench.core.project.proposal import Proposal
from defect_workbench.core.text import counted
from defect_workbench.gui.gallery.gallery_view import Gallery
from defect_workbench.gui.shared.labels import secondary_label
from defect_workbench.gui.shared.map_overlays import MapOverlays

_AT_LEAST = 0.95


class BulkAgreementDialog(QDialog):
    """Shows how many proposals of a label, or of all, are above a probability, and ten of them.

    Signals: agreed(images) when the user agrees with all of them.
    """

    agreed = Signal(object)

    def __init__(
        self,
        project: Project,
        proposal: Proposal,
        loader: ThumbnailLoader,
        overlays: MapOverlays,
        parent: QWidget,
    ) -> None:
        super().__init__(parent)
        self.setObjectName("bulkAgreement")
        self.setWindowTitle("Agree with proposals")
        self.resize(820, 460)
        self._project, self._proposal = project, proposal
        self._seed = 0
        self._images: Integers | None = None
        self.label = QComboBox()
        self.at_least = QDoubleSpinBox()
        self.at_least.setRange(0.0, 1.0)
        self.at_least.setSingleStep(0.01)
        self.at_least.setValue(_AT_LEAST)
        self.words = secondary_label()
        self.another = QPushButton("Another sample")
        self.model = ImageModel(loader, self)
        self.gallery = Gallery(overlays)
        self.gallery.setModel(self.model)
        self.gallery.setAccessibleName("Sample of the proposals")
        self.gallery.set_message("No proposal reaches this probability")
        self.buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel)
        self.ok_button = self.buttons.addButton("Agree", QDialogButtonBox.ButtonRole.AcceptRole)
        self._make_layout()
        # Enter must not agree with images that were not looked at.
        for button in (self.ok_button, self.another):
            button.setAutoDefault(False)
        self.buttons.button(QDialogButtonBox.StandardButton.Cancel).setDefault(True)
        self.label.currentIndexChanged.connect(self._show)
        self.at_least.valueChanged.connect(self._show)
        self.another.clicked.connect(self._draw_again)
        self.buttons.accepted.connect(self._accept)
        self.buttons.rejected.connect(self.reject)
        self.show_proposal(proposal)

    def show_proposal(self, proposal: Proposal) -> None:
        """Show what is left to agree with."""
        self._proposal = proposal
        with QSignalBlocker(self.label):
            had_all = self.label.count() > 0 and self.label.currentData() is None
            self.label.clear()
            labels = proposed_labels(proposal, self._project.partition)
            for name, count in labels.items():
                self.label.addItem(f"{name} ({count:,})", name)
            if len(labels) > 1:
                self.label.addItem(f"All labels ({sum(labels.values()):,})", None)
                self.label.setCurrentIndex(len(labels) if had_all else 0)
        self._show()

    def _make_layout(self) -> None:
        label, at_least = QLabel("&Proposed as"), QLabel("with a pro&bability of at least")
        label.setBuddy(self.label)
        at_least.setBuddy(self.at_least)
        head = QHBoxLayout()
        for widget in (label, self.label, at_least, self.at_least):
            head.addWidget(widget)
        head.addStretch(1)
        head.addWidget(self.another)
        foot = QHBoxLayout()
        foot.addWidget(self.words, 1)
        foot.addWidget(self.buttons)
        layout = QVBoxLayout(self)
        layout.addLayout(head)
        layout.addWidget(self.gallery, 1)
        layout.addLayout(foot)

    def _show(self) -> None:
        label, project = self.label.currentData(), self._project
        found = agreement(self._proposal, project.partition, label, self.at_least.value())
        self._images = found.images
        shown, sections = self._sample(found)
        paths = [image.path for image in project.images.images]
        self.model.set_rows(project.images.root, paths, shown, sections, locations=project.images.locations)
        self.another.setEnabled(len(found.images) > SAMPLE)
        self.ok_button.setEnabled(len(found.images) > 0)
        self.ok_button.setText(f"Agree with all {len(found.images):,}" if len(found.images) else "Agree")
        self.words.setText(_consequences(found, len(shown)))

    def _sample(self, found: Agreement) -> tuple[Integers, tuple[Section, ...]]:
        """Return a random sample, one section per label, the most frequent label first."""
        labels = self._proposal.labels
        counts = Counter(labels[image] for image in found.images.tolist())
        of_label: dict[str, list[int]] = {label: [] for label, _ in counts.most_common()}
        for image in found.sample(self._seed).tolist():
            of_label[labels[image]].append(image)
        sections, order = [], list[int]()
        for label, images in of_label.items():
            if images:
                words = f"{label}: {len(images)} of {counted(counts[label], 'proposal')}, drawn at random"
                sections.append(Section(words, "", None, len(order), len(images), None))
                order += images
        return np.array(order, np.intp), tuple(sections)

    def _draw_again(self) -> None:
        self._seed += 1
        self._show()

    def _accept(self) -> None:
        self.agreed.emit(self._images)


def _consequences(found: Agreement, shown: int) -> str:
    """Return what agreeing does, and how many of the proposals are probably wrong."""
    count = len(found.images)
    if not count:
        return ""
    wrong = f"{found.expected_errors:.1f}" if found.expected_errors >= 0.05 else "none"
    unseen = f", including the {count - shown:,} not shown" if count > shown else ""
    return (
        f"Accepts all {count:,}{unseen}. If the probabilities are right, about {wrong} of them are wrong. "
        "You can undo it in one step."
    )
