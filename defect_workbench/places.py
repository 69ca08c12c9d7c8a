"""Where things are kept for this user. Everything below one folder if DEFECT_WORKBENCH_HOME names it."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from platformdirs import PlatformDirs

from defect_workbench.core.errors import WorkbenchError

HOME_VARIABLE = "DEFECT_WORKBENCH_HOME"


@dataclass(frozen=True)
class Places:
    """Folders of one user; made by whoever first writes into them.

    Attributes
    ----------
    weights : Path
        Cached ResNet-50 weights.
    store : Path
        The default feature store.
    log : Path
        The log file.
    settings : Path
        The window's settings file.
    recovery : Path
        Unsaved work of windows that may crash.
    analyses : Path
        Analyses made before.
    locks : Path
        Locks of sessions whose own folder cannot be written.
    """

    weights: Path
    store: Path
    log: Path
    settings: Path
    recovery: Path
    analyses: Path
    locks: Path

    @staticmethod
    def of_user() -> Places:
        """The usual places of the system.

        Raises
        ------
        WorkbenchError
            If the system does not say where this user's files are, or the variable leads nowhere.
        """
        home = os.environ.get(HOME_VARIABLE)
        try:
            if home:
                base = Path(home).expanduser().absolute()
                cache = data = log = config = base
            else:
                directories = PlatformDirs("defect-workbench", appauthor=False)
                cache, data = directories.user_cache_path, directories.user_data_path
                log, config = directories.user_log_path, directories.user_config_path
        except (RuntimeError, OSError, KeyError) as error:
            raise WorkbenchError(_no_home(home, error)) from error
        if home and base.exists() and not base.is_dir():
            raise WorkbenchError(f"{HOME_VARIABLE} names {home}, which is not a folder; name a folder")
        return Places(
            weights=cache / "weights",
            store=data / "features",
            log=log / "defect-workbench.log",
            settings=config / "window.ini",
            recovery=data / "recovery",
            analyses=cache / "analyses",
            locks=data / "locks",
        )


def _no_home(given: str | None, error: Exception) -> str:
    if isinstance(error, FileNotFoundError):
        return "the folder this was started in no longer exists; change to another one and run it again"
    if given:
        return (
            f"{HOME_VARIABLE} names {given}, which cannot be found ({error}); name a folder by its full path"
        )
    return f"the home folder of this user cannot be found; set {HOME_VARIABLE} to a folder of your own"
