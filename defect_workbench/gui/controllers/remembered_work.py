"""What the window remembers of the work: folders and sessions opened last, and the last export."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from defect_workbench.app.document.workbench_document import Document
from defect_workbench.app.recent_work import recent_work
from defect_workbench.app.settings import WindowSettings
from defect_workbench.gui.classifier.classify_panel import ClassifyPanel
from defect_workbench.gui.window.welcome import Welcome

_LAST_EXPORT = "last export"


class RememberedWork:
    """Keeps the recent list and the last export in the settings, and shows them where they are of use."""

    def __init__(
        self, document: Document, settings: WindowSettings, welcome: Welcome, classify: ClassifyPanel
    ) -> None:
        self._document, self._settings = document, settings
        self._welcome, self._classify = welcome, classify
        welcome.forget.connect(self._forget)
        classify.offer_export(settings.place(_LAST_EXPORT))

    def remember(self) -> None:
        """Remember what is open, and how far the work on it is."""
        project = self._document.project
        if project is not None:
            path = self._document.session or project.images.root
            now = datetime.now().astimezone()
            self._settings.remember(recent_work(path, self._document.partition, now))

    def exported(self, out: Path) -> None:
        """Remember where labelled folders were written, to train on them."""
        self._settings.remember_place(_LAST_EXPORT, out)
        self._classify.offer_export(out)

    def _forget(self, path: str) -> None:
        self._settings.forget(path)
        self._welcome.set_recent(self._settings.recent())
