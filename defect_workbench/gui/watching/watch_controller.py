"""Watches a folder while the window is open, beside its other jobs."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QObject, Qt, QUrl
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QWidget

from defect_workbench.app.image_loading.thumbnail_loader import ThumbnailLoader
from defect_workbench.app.jobs.runner import JobRunner
from defect_workbench.app.jobs.watch_job import watch
from defect_workbench.core.text import sentence_case
from defect_workbench.gui.controllers.classifier_controller import ClassifierController
from defect_workbench.gui.shared.banners import NoticeBanner
from defect_workbench.gui.watching.watch_dialog import WatchDialog
from defect_workbench.gui.watching.watch_setup_dialog import WatchSetupDialog
from defect_workbench.user_dirs import UserDirs
from defect_workbench.workflows.fab.watch_events import BatchDone
from defect_workbench.workflows.fab.watch_folder import WatchRequest


class WatchController(QObject):
    """Starts, shows and stops a watcher. It has its own runner, so that the window stays free for work.

    Parameters
    ----------
    open_path : callable
        Opens a folder as a project.
    """

    def __init__(
        self,
        classifier: ClassifierController,
        thumbnails: ThumbnailLoader,
        places: UserDirs,
        offline: bool,
        open_path: Callable[[Path], None],
        notice: NoticeBanner,
        parent: QWidget,
    ) -> None:
        super().__init__(parent)
        self._classifier, self._thumbnails, self._places = classifier, thumbnails, places
        self._offline, self._open_path, self._notice, self._window = offline, open_path, notice, parent
        self._runner: JobRunner | None = None
        self._request: WatchRequest | None = None
        self.dialog: WatchDialog | None = None
        classifier.panel.watch.connect(self.choose)

    @property
    def is_running(self) -> bool:
        """Whether a folder is being watched."""
        return self._runner is not None and self._runner.busy

    def choose(self) -> None:
        """Ask which folder to watch; while one is watched, show that."""
        if self.is_running:
            self.show()
            return
        model = self._classifier.model_path
        unsaved = self._classifier.model is not None and model is None
        dialog = WatchSetupDialog(self._request, model, unsaved, self._window)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.chosen.connect(self.start)
        dialog.open()

    def start(self, request: WatchRequest) -> None:
        """Watch a folder, and show what happens."""
        if self.is_running:
            return
        self._request = request
        if self._runner is None:
            self._runner = JobRunner(self)
            self._runner.partial.connect(self._on_event)
            self._runner.warned.connect(self._on_warned)
            self._runner.failed.connect(self._on_failed)
            self._runner.cancelled.connect(self._on_stopped)
        self._show_dialog().begin(request.folder, request.out)
        self.show()
        self._runner.run(watch(request, self._places, offline=self._offline))

    def stop(self) -> None:
        """Stop after what is being written."""
        if self._runner is not None and self.is_running:
            self._show_dialog().show_stopping()
            self._runner.cancel()

    def show(self) -> None:
        """Show the watched folder."""
        dialog = self._show_dialog()
        dialog.show()
        dialog.raise_()
        dialog.activateWindow()

    def close(self) -> None:
        """Stop, and wait until everything that was taken is on the disk."""
        if self._runner is not None:
            self._runner.close()

    def _show_dialog(self) -> WatchDialog:
        if self.dialog is None:
            self.dialog = WatchDialog(self._thumbnails, self._window)
            self.dialog.stop_wanted.connect(self.stop)
            self.dialog.again_wanted.connect(self._again)
            self.dialog.folder_wanted.connect(self._show_folder)
            self.dialog.result_wanted.connect(self.open_result)
        return self.dialog

    def _again(self) -> None:
        if self._request is not None:
            self.start(self._request)

    def open_result(self) -> None:
        """Open the images of the result as a project, with the labels of the classifier as proposals."""
        if self._request is None or self.dialog is None:
            return
        self.dialog.close()
        if self._classifier.model_path == self._request.model:
            self._classifier.classify(self._request.out)
        else:
            self._open_path(self._request.out)

    def _show_folder(self) -> None:
        request = self._request
        if request is None:
            return
        if not request.out.is_dir() or not QDesktopServices.openUrl(QUrl.fromLocalFile(str(request.out))):
            self._notice.notify(f"The result is in {request.out}")

    def _on_event(self, event: object) -> None:
        dialog = self._show_dialog()
        dialog.show_event(event)  # type: ignore[arg-type] # the job reports nothing else
        if isinstance(event, BatchDone) and event.alarms and not dialog.isVisible():
            words = f"{sentence_case(event.alarms[-1].words)}."
            self._notice.notify(words, "Show", self.show, warning=True)

    def _on_warned(self, text: str) -> None:
        self._notice.notify(sentence_case(text), warning=True)

    def _on_failed(self, message: str) -> None:
        self._show_dialog().show_stopped(message)
        self.show()

    def _on_stopped(self) -> None:
        self._show_dialog().show_stopped()
