"""Autosave, crash recovery, session locks, and relinking of moved images."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QWidget

from defect_workbench.app.document.gallery_sections import images
from defect_workbench.app.document.workbench_document import Document
from defect_workbench.app.jobs import open_job
from defect_workbench.app.jobs.runner import JobRunner, Work
from defect_workbench.app.messages import Messages
from defect_workbench.app.recovery import RecoverableWork, Recovery
from defect_workbench.gui.dialogs.file_dialogs import ask_folder
from defect_workbench.gui.shared.banners import NoticeBanner
from defect_workbench.storage.session.session_lock import SessionLock
from defect_workbench.user_dirs import UserDirs

_AUTOSAVE_MILLISECONDS = 3000


class SessionGuard:
    """Protects the work in one window against crashes, other windows and moved folders."""

    def __init__(
        self,
        document: Document,
        places: UserDirs,
        notice: NoticeBanner,
        messages: Messages,
        run: Callable[[Work], None],
        parent: QWidget,
    ) -> None:
        self._run = run
        self._document, self._notice, self._messages, self._parent = document, notice, messages, parent
        self.recovery = Recovery(places.recovery)
        self._folder, self._locks = places.recovery, places.locks
        self._lock: SessionLock | None = None
        self.read_only = False
        self.autosaves = JobRunner(parent)
        self._then: Callable[[], None] | None = None
        self.autosaves.done.connect(lambda _: self._on_written())
        self.autosaves.failed.connect(self._on_not_written)
        self._timer = QTimer(parent)
        self._timer.setSingleShot(True)
        self._timer.setInterval(_AUTOSAVE_MILLISECONDS)
        self._timer.timeout.connect(self.autosave)
        document.undo_stack.indexChanged.connect(self.on_step)
        document.undo_stack.cleanChanged.connect(self.on_step)

    def on_step(self) -> None:
        """Schedule an autosave after a decision; delete it once everything is saved."""
        if self._document.dirty:
            self._timer.start()
        else:
            self._timer.stop()
            self.recovery.discard()

    def autosave(self) -> None:
        """Write unsaved work to the recovery folder."""
        if self._document.project is not None and self._document.dirty:
            self.autosaves.run(open_job.save(self._document.project, self.recovery.hold()))

    def keep_discarded(self, then: Callable[[], None]) -> None:
        """Keep a copy of discarded work, then call `then`, even if the copy cannot be written."""
        project = self._document.project
        if project is None:
            then()
            return
        self._timer.stop()
        self._then = then
        name = (self._document.session or project.images.root).stem
        self.autosaves.run(open_job.save(project, self.recovery.path_for_discarded(name)))

    def _on_written(self) -> None:
        if not self._document.dirty:
            # Saved while the autosave was being written: a crash must not restore the older state.
            self.recovery.discard()
        self._continue()

    def _on_not_written(self, message: str) -> None:
        if self._then is None:
            self._notice.notify(
                f"Unsaved changes could not be backed up: {message}. Save often.", warning=True
            )
        self._continue()

    def _continue(self) -> None:
        then, self._then = self._then, None
        if then is not None:
            then()

    def recoverable(self) -> list[RecoverableWork]:
        """Return unsaved work, discarded or left by a crash; newest first."""
        recoverable = [*self.recovery.discarded(), *self.recovery.crashed()]
        return sorted(recoverable, key=lambda item: item.when, reverse=True)

    def offer_recovery(self, restore: Callable[[Path], None]) -> None:
        """Offer to restore work that a crash left."""
        left = self.recovery.left_behind()
        if left:
            words = "The program ended unexpectedly last time; unsaved work was kept."
            self._notice.notify(words, "Restore", lambda: restore(left[0]))

    def on_opened(self) -> bool:
        """Lock the session that was opened; return whether it is recovered work."""
        project, session = self._document.project, self._document.session
        recovered = session is not None and session.parent == self._folder
        if session is not None and recovered:
            # From now on it is unsaved work of this window.
            self._document.forget_session()
            self.recovery.take_over(session)
        self._release()
        if session is not None and not recovered:
            self._lock = self._lock_of(session)
            holder = self._lock.acquire()
            self.read_only = holder is not None
            if holder is not None:
                words = f"{session.name} is open in {holder.words()}; here it is read-only."
                self._notice.notify(f"{words} Save under another name to keep your decisions.", warning=True)
        if project is not None and not project.images.root.is_dir():
            words = f"The folder {project.images.root} was moved or deleted, so its images cannot be shown."
            self._notice.notify(words, "Find the folder…", self.choose_folder, warning=True)
        return recovered

    def may_write(self, path: Path) -> bool:
        """Whether this window may write a session file; shows a message if not."""
        lock = self._lock_of(path)
        if self._lock is not None and self._lock.held and self._lock.session == lock.session:
            return True
        holder = lock.acquire()
        if holder is not None:
            words = f"{path.name} is open in {holder.words()}. Save under another name."
            self._messages.inform("Save", words)
            return False
        self._release()
        self._lock = lock
        return True

    def _lock_of(self, path: Path) -> SessionLock:
        return SessionLock(path, self._locks)

    def _release(self) -> None:
        if self._lock is not None:
            self._lock.release()
        self._lock, self.read_only = None, False

    def choose_folder(self) -> None:
        """Ask where the images are now."""
        ask_folder(self._parent, "Where are the images now?", self.relink)

    def relink(self, root: Path) -> None:
        """Look for the images in another folder."""
        if self._document.project is not None:
            self._run(open_job.locate(self._document.project, root))

    def on_located(self, result: open_job.Located) -> None:
        """Use the images of another folder if it contains any of them."""
        project, root, present = self._document.project, result.root, result.present
        if project is None:
            return
        if not present:
            self._messages.inform(
                "Find the folder", f"None of the images of this session is in {root}. Choose another folder."
            )
            return
        self._notice.hide()
        self._document.relink(root)
        missing = len(project.images) - present
        if missing:
            self._notice.notify(f"Not found in {root}: {images(missing)} of this session.", warning=True)

    def close(self) -> None:
        """Stop autosaving and delete the recovery file: the window was closed on purpose."""
        # An undo stack emits signals while it is destroyed.
        self._document.undo_stack.indexChanged.disconnect(self.on_step)
        self._document.undo_stack.cleanChanged.disconnect(self.on_step)
        self._timer.stop()
        self._release()
        self.autosaves.close()
        self.recovery.discard()
