"""Where things are kept for this user. Everything below one folder if DEFECT_WORKBENCH_HOME names it."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from platformdirs import PlatformDirs

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
        """The usual places of the system."""
        home = os.environ.get(HOME_VARIABLE)
        if home:
            base = Path(home).expanduser().absolute()
            cache = data = log = config = base
        else:
            directories = PlatformDirs("defect-workbench", appauthor=False)
            cache, data = directories.user_cache_path, directories.user_data_path
            log, config = directories.user_log_path, directories.user_config_path
        return Places(
            weights=cache / "weights",
            store=data / "features",
            log=log / "defect-workbench.log",
            settings=config / "window.ini",
            recovery=data / "recovery",
            analyses=cache / "analyses",
            locks=data / "locks",
        )
