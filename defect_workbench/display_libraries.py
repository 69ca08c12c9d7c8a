"""The libraries of the system that the window needs on an X server. This module does not import Qt."""

from __future__ import annotations

import ctypes
import importlib.util
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from defect_workbench.core.errors import WorkbenchError


class SystemLibrary(NamedTuple):
    """A library, and the packages of Debian and RHEL that contain it."""

    file: str
    debian: str
    rhel: str


LIBRARIES = (
    SystemLibrary("libxcb-cursor.so.0", "libxcb-cursor0", "xcb-util-cursor"),
    SystemLibrary("libxcb-icccm.so.4", "libxcb-icccm4", "xcb-util-wm"),
    SystemLibrary("libxcb-keysyms.so.1", "libxcb-keysyms1", "xcb-util-keysyms"),
    SystemLibrary("libxcb-image.so.0", "libxcb-image0", "xcb-util-image"),
    SystemLibrary("libxcb-render-util.so.0", "libxcb-render-util0", "xcb-util-renderutil"),
    SystemLibrary("libxcb-shape.so.0", "libxcb-shape0", "libxcb"),
    SystemLibrary("libxcb-randr.so.0", "libxcb-randr0", "libxcb"),
    SystemLibrary("libxcb-xkb.so.1", "libxcb-xkb1", "libxcb"),
    SystemLibrary("libxcb.so.1", "libxcb1", "libxcb"),
    SystemLibrary("libxkbcommon-x11.so.0", "libxkbcommon-x11-0", "libxkbcommon-x11"),
    SystemLibrary("libEGL.so.1", "libegl1", "mesa-libEGL"),
    SystemLibrary("libGL.so.1", "libgl1", "mesa-libGL"),
    SystemLibrary("libfontconfig.so.1", "libfontconfig1", "fontconfig"),
    SystemLibrary("libdbus-1.so.3", "libdbus-1-3", "dbus-libs"),
    SystemLibrary("libglib-2.0.so.0", "libglib2.0-0", "glib2"),
)


def install_lines(libraries: Sequence[SystemLibrary] = LIBRARIES) -> tuple[str, str]:
    """Return the commands that install libraries on Debian or Ubuntu, and on RHEL or Fedora."""
    debian = dict.fromkeys(library.debian for library in libraries)
    rhel = dict.fromkeys(library.rhel for library in libraries)
    return f"sudo apt install {' '.join(debian)}", f"sudo dnf install {' '.join(rhel)}"


def qt_library(platform: str = "xcb") -> Path | None:
    """Return the file of Qt that needs the libraries; None on other systems, or if Qt is elsewhere.

    Parameters
    ----------
    platform : str
        What Qt draws on: `xcb`, an X server, needs more than the others.
    """
    file = "plugins/platforms/libqxcb.so" if platform == "xcb" else "lib/libQt6Gui.so.6"
    spec = importlib.util.find_spec("PySide6") if sys.platform.startswith("linux") else None
    for folder in (spec and spec.submodule_search_locations) or ():
        library = Path(folder, "Qt", file)
        if library.is_file():
            return library
    return None


def why_not_loaded(qt: Path) -> str | None:
    """Return which libraries Qt lacks and how to install them, in one line; None if it can be loaded."""
    first = _problem(str(qt))
    if first is None:
        return None
    missing = [
        library
        for library in LIBRARIES
        if not _is_carried(library.file) and _problem(library.file) is not None
    ]
    names = ", ".join(library.file for library in missing) or first.split(":")[0]
    debian, rhel = install_lines(missing or LIBRARIES)
    return (
        f"the window needs libraries that this system lacks ({names}). "
        f"On Debian or Ubuntu: {debian}. On RHEL or Fedora: {rhel}"
    )


def check_display_libraries() -> None:
    """Check that Qt can draw the window; it would end the program without a word that helps.

    Raises
    ------
    WorkbenchError
        If libraries of the system are missing; it says which, and how to install them.
    """
    platform = os.environ.get("QT_QPA_PLATFORM", "xcb" if "WAYLAND_DISPLAY" not in os.environ else "")
    qt = qt_library(platform.split(":")[0])
    problem = None if qt is None else why_not_loaded(qt)
    if problem is not None:
        raise WorkbenchError(problem)


def _is_carried(library: str) -> bool:
    """Whether a packaged program carries a library."""
    folder = getattr(sys, "_MEIPASS", None)
    return folder is not None and Path(folder, library).is_file()


def _problem(library: str) -> str | None:
    """Return why a library cannot be loaded; None if it can."""
    try:
        ctypes.CDLL(library)
    except OSError as error:
        return str(error)
    return None
