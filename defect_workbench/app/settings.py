"""What the window remembers between runs."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from PySide6.QtCore import QByteArray, QSettings

from defect_workbench.app.recent_work import MOST, RecentWork, from_text, to_text
from defect_workbench.core.project.decision_history import LONGEST_NAME
from defect_workbench.user_dirs import login_name

TEXT_SIZES = ("100", "125", "150")


class WindowSettings:
    """Settings in an INI file; they can be deleted without losing work."""

    def __init__(self, path: Path) -> None:
        self._settings = QSettings(str(path), QSettings.Format.IniFormat)

    def recent(self) -> list[RecentWork]:
        """Folders and sessions opened last, newest first."""
        return from_text(str(self._settings.value("recent", "") or ""))

    def remember(self, work: RecentWork) -> None:
        """Put a folder or session first in the recent list."""
        works = [work, *(other for other in self.recent() if other.path != work.path)]
        self._settings.setValue("recent", to_text(works[:MOST]))

    def forget(self, path: str) -> None:
        """Remove a folder or session from the recent list."""
        self._settings.setValue("recent", to_text([work for work in self.recent() if work.path != path]))

    def place(self, purpose: str) -> Path | None:
        """The folder last used for a purpose; None if it no longer exists."""
        text = str(self._settings.value(f"places/{purpose}", "") or "")
        return Path(text) if text and Path(text).is_dir() else None

    def remember_place(self, purpose: str, folder: Path) -> None:
        """Keep the folder in which something was chosen for a purpose."""
        self._settings.setValue(f"places/{purpose}", str(folder))

    @property
    def theme(self) -> str:
        """ "system", "light" or "dark"."""
        return str(self._settings.value("theme", "system"))

    @theme.setter
    def theme(self, value: str) -> None:
        self._settings.setValue("theme", value)

    @property
    def person(self) -> str:
        """The name that decisions are recorded with; the login name until the user gives another one."""
        return str(self._settings.value("person", "") or "") or login_name()

    @person.setter
    def person(self, name: str) -> None:
        name = " ".join(name.split())[:LONGEST_NAME]
        self._settings.setValue("person", "" if name == login_name() else name)

    @property
    def text_size(self) -> int:
        """Text size in percent of the system's."""
        value = str(self._settings.value("text_size", "100"))
        return int(value) if value in TEXT_SIZES else 100

    @text_size.setter
    def text_size(self, percent: int) -> None:
        self._settings.setValue("text_size", str(percent))

    def layout(self) -> tuple[QByteArray, QByteArray]:
        """Geometry and dock state; empty on the first run."""
        geometry, state = self._settings.value("geometry"), self._settings.value("docks")
        empty = QByteArray()
        return (
            geometry if isinstance(geometry, QByteArray) else empty,
            state if isinstance(state, QByteArray) else empty,
        )

    def remember_layout(self, geometry: QByteArray, docks: QByteArray) -> None:
        """Keep geometry and dock state."""
        self._settings.setValue("geometry", geometry)
        self._settings.setValue("docks", docks)
        self._settings.sync()

    def dock_sizes(self) -> dict[str, int]:
        """Width or height of each dock, in pixels at a text size of 100%; empty on the first run."""
        self._settings.beginGroup("dock_sizes")
        sizes = {name: str(self._settings.value(name, "")) for name in self._settings.childKeys()}
        self._settings.endGroup()
        return {name: int(size) for name, size in sizes.items() if size.isdecimal()}

    def remember_dock_sizes(self, sizes: Mapping[str, int]) -> None:
        """Keep the sizes of the docks."""
        for name, size in sizes.items():
            self._settings.setValue(f"dock_sizes/{name}", str(size))
