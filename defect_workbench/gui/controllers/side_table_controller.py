"""Side data: joining a table to the images, and comparing it with the clusters."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from PySide6.QtCore import QObject, Qt
from PySide6.QtWidgets import QWidget

from defect_workbench.app.document.workbench_document import Document
from defect_workbench.app.jobs import side_table_job
from defect_workbench.app.jobs.runner import Work
from defect_workbench.core.text import counted
from defect_workbench.gui.dialogs import file_dialogs
from defect_workbench.gui.dialogs.association_dialog import AssociationDialog
from defect_workbench.gui.shared.banners import NoticeBanner


class SideTableController(QObject):
    """Connects the actions for tables and the jobs."""

    def __init__(
        self, document: Document, run: Callable[[Work], None], notice: NoticeBanner, parent: QWidget
    ) -> None:
        super().__init__(parent)
        self._document, self._run, self._notice, self._parent = document, run, notice, parent

    def choose_table(self) -> None:
        """Ask for a table and join it."""
        file_dialogs.ask_table(self._parent, self.join)

    def remove(self) -> None:
        """Remove the joined table."""
        self._document.join(None)

    def results(self) -> Mapping[type, Callable[[Any], None]]:
        """Return the handler of each type of result."""
        return {side_table_job.Joined: self._on_joined, side_table_job.Associated: self._on_associated}

    def join(self, path: Path) -> None:
        """Join a CSV or XLSX file to the images."""
        if self._document.project is not None:
            self._run(side_table_job.join(self._document.project, path))

    def associate(self) -> None:
        """Compare the joined table and the found defects with the clusters."""
        if self._document.project is not None:
            self._run(side_table_job.associate(self._document.project))

    def _on_joined(self, result: side_table_job.Joined) -> None:
        self._document.join(result.side)
        side = result.side
        noun = "image" if self._document.project is None else self._document.project.images.noun
        words = side.how_joined(noun)
        if side.without_image:
            words += f", {counted(len(side.without_image), 'row')} without an image"
        self._notice.notify(f"{words}.", "Compare with clusters", self.associate)

    def _on_associated(self, result: side_table_job.Associated) -> None:
        project = self._document.project
        if project is None or not result.associations:
            return
        dialog = AssociationDialog(result.associations, project.side, project.images.noun, self._parent)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.show()
