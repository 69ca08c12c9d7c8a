"""What the window remembers of the work: folders and sessions opened last, and the last export."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from defect_workbench.app.document.workbench_document import Document
from defect_workbench.app.recent_work import RecentWork, recent_work
from defect_workbench.app.settings import WindowSettings
from defect_workbench.core.project.project_state import Project
from defect_workbench.gui.classifier.classify_panel import ClassifyPanel

_LAST_EXPORT = "last export"


class RememberedWork:
    """Keeps the recent list and the last export in the settings, and shows them where they are of use.

    Parameters
    ----------
    show_recent : callable
        Shows the recent list.
    """

    def __init__(
        self,
        document: Document,
        settings: WindowSettings,
        classify: ClassifyPanel,
        show_recent: Callable[[list[RecentWork]], None],
    ) -> None:
        self._document, self._settings = document, settings
        self._classify, self._show_recent = classify, show_recent
        classify.offer_export(settings.place(_LAST_EXPORT))

    def remember(self) -> None:
        """Remember what is open, and how far the work on it is."""
        project = self._document.project
        # Folders that were put together can only be opened again as a session.
        if project is not None and (self._document.session or project.images.folders == ("",)):
            path = self._document.session or _opened(project)
            now = datetime.now().astimezone()
            work = recent_work(path, self._document.partition, now)
            if project.images.are_defects and self._document.session is None:
                # A session says so itself.
                work = replace(work, single_defects=True, reference=project.analysis.settings.reference)
            self._settings.remember(work)

    def exported(self, out: Path) -> None:
        """Remember where labelled folders were written, to train on them."""
        self._settings.remember_place(_LAST_EXPORT, out)
        self._classify.offer_export(out)

    def forget(self, path: str) -> None:
        """Remove a folder or session from the recent list."""
        self._settings.forget(path)
        self._show_recent(self._settings.recent())


def _opened(project: Project) -> Path:
    """Return what was opened: the folder, or the one inspection file that names the images."""
    inspection, root = project.inspection, project.images.root
    if inspection is not None and len(inspection.files) == 1:
        return root / inspection.files[0].path
    return root
