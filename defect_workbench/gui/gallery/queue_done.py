"""What the queue shows when nothing is left to review: the next steps."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from defect_workbench.app.document.workbench_document import Document
from defect_workbench.core.project.decisions import Cluster, Partition
from defect_workbench.core.text import counted
from defect_workbench.gui.shared.labels import heading_label, secondary_label


class QueueDone(QWidget):
    """Says that the review is done, and offers to confirm, to train a classifier and to export.

    Signals: classify_wanted, export_wanted.
    """

    classify_wanted = Signal()
    export_wanted = Signal()

    def __init__(self, document: Document) -> None:
        super().__init__()
        self._document = document
        self.title: QLabel = heading_label("No outliers to review")
        self.words = secondary_label()
        self.confirm_all = QPushButton("Confirm all clusters")
        self.classify = QPushButton("Train a classifier")
        self.export = QPushButton("Export…")
        self.confirm_all.clicked.connect(lambda: document.confirm(self._unconfirmed()))
        self.classify.clicked.connect(self.classify_wanted)
        self.export.clicked.connect(self.export_wanted)
        row = QHBoxLayout()
        for widget in (self.confirm_all, self.classify, self.export):
            row.addWidget(widget)
        row.addStretch(1)
        layout = QVBoxLayout(self)
        layout.addStretch(1)
        layout.addWidget(self.title, 0, Qt.AlignmentFlag.AlignLeft)
        layout.addWidget(self.words)
        layout.addSpacing(6)
        layout.addLayout(row)
        layout.addStretch(2)
        self.refresh()

    def refresh(self) -> None:
        """Show what is left to do."""
        partition, count = self._document.partition, len(self._unconfirmed())
        self.title.setText("Outliers" if partition is None else "No outliers to review")
        if partition is None:
            self.words.setText("Outliers appear here once all images have been compared")
        elif count:
            verb = "is" if count == 1 else "are"
            words = f"{count:,} of {counted(len(self._confirmable()), 'cluster')} {verb} not confirmed."
            if unseen := self._unseen(partition):
                words += f" Confirming them accepts {counted(unseen, 'proposal')} that you have not reviewed."
            self.words.setText(words)
        else:
            self.words.setText("All clusters are confirmed.")
        self.confirm_all.setVisible(count > 0)
        self.classify.setVisible(partition is not None and not count)
        self.export.setVisible(partition is not None)

    def _unseen(self, partition: Partition) -> int:
        """Return the number of unreviewed proposals."""
        project = self._document.project
        if project is None or project.proposal is None:
            return 0
        return int(project.proposal.waiting(partition).sum())

    def _confirmable(self) -> list[Cluster]:
        """Return all clusters but nuisances."""
        partition = self._document.partition
        clusters = partition.clusters if partition is not None else ()
        return [each for each in clusters if each.group is None or not each.group.nuisance]

    def _unconfirmed(self) -> list[Cluster]:
        return [each for each in self._confirmable() if each.group is None or not each.group.confirmed]
