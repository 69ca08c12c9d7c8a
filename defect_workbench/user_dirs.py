"""The login name and the folders of the user; all folders are below one if DEFECT_WORKBENCH_HOME is set."""

from __future__ import annotations

import getpass
import os
from dataclasses import dataclass
from pathlib import Path

from platformdirs import PlatformDirs

from defect_workbench.core.errors import WorkbenchError

HOME_VARIABLE = "DEFECT_WORKBENCH_HOME"


@dataclass(frozen=True)
class UserDirs:
    """Folders of one user, created when something is first written to them.

    Attributes
    ----------
    weights : Path
        Cached network weights.
    store : Path
        The default feature store.
    log : Path
        The log file.
    settings : Path
        The window's settings file.
    recovery : Path
        Unsaved work, in case the window crashes.
    analyses : Path
        Cache of analyses.
    locks : Path
        Locks of sessions whose own folder is read-only.
    classes : Path
        The class library.
    """

    weights: Path
    store: Path
    log: Path
    settings: Path
    recovery: Path
    analyses: Path
    locks: Path
    classes: Path

    @staticmethod
    def of_user() -> UserDirs:
        """Return the standard folders of the system for this user.

        Raises
        ------
        WorkbenchError
            If the user has no home folder, or the variable does not name a folder.
        """
        home = os.environ.get(HOME_VARIABLE)
        if home:
            base = _named(home)
            cache = data = log = config = base
        else:
            directories = PlatformDirs("defect-workbench", appauthor=False)
            try:
                cache, data = directories.user_cache_path, directories.user_data_path
                log, config = directories.user_log_path, directories.user_config_path
            except RuntimeError as error:
                raise WorkbenchError(
                    "this user has no home folder for features and weights; "
                    f"set {HOME_VARIABLE} to a writable folder"
                ) from error
        return UserDirs(
            weights=cache / "weights",
            store=data / "features",
            log=log / "defect-workbench.log",
            settings=config / "window.ini",
            recovery=data / "recovery",
            analyses=cache / "analyses",
            locks=data / "locks",
            classes=config / "classes.json",
        )


def login_name() -> str:
    """Return the name that the user logged in with."""
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):  # some containers have no name for the user
        return "unknown"


def _named(home: str) -> Path:
    """Return the folder that the variable names."""
    try:
        base = Path(home).expanduser()
    except RuntimeError as error:
        raise WorkbenchError(
            f"{HOME_VARIABLE} is {home}, but there is no such user; set it to a folder"
        ) from error
    try:
        base = base.absolute()
    except FileNotFoundError as error:
        raise WorkbenchError(
            f"{HOME_VARIABLE} is {home}, which is relative to a working folder that no longer exists; "
            "change to another folder, or set it to an absolute path"
        ) from error
    existing = next(path for path in (base, *base.parents) if os.path.lexists(path) or path == path.parent)
    if not existing.is_dir():
        raise WorkbenchError(f"{HOME_VARIABLE} is {home}, but {existing} is not a folder; set it to a folder")
    return base
