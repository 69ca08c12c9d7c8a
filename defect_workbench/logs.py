"""The log file, and the text of a bug report."""

from __future__ import annotations

import logging
import platform
from collections import deque
from importlib.metadata import PackageNotFoundError, version
from logging.handlers import RotatingFileHandler
from pathlib import Path

from defect_workbench import __version__

PACKAGES = (
    "torch",
    "torchvision",
    "numpy",
    "scipy",
    "scikit-learn",
    "mahotas",
    "fastcluster",
    "pillow",
    "tifffile",
    "pyarrow",
    "PySide6-Essentials",
)
_BYTES, _KEPT = 1_000_000, 3


def start_logging(path: Path) -> None:
    """Log to a rotating file; if it cannot be written, do not log."""
    # A full disk must not make the logging module print tracebacks.
    logging.raiseExceptions = False
    # Warnings of packages refer to lines of code; they are for the log, not for the user.
    logging.captureWarnings(True)
    loggers = [logging.getLogger(name) for name in ("defect_workbench", "py.warnings")]
    loggers[0].setLevel(logging.INFO)
    loggers[1].propagate = False
    for logger in loggers:
        for handler in [h for h in logger.handlers if isinstance(h, RotatingFileHandler)]:
            logger.removeHandler(handler)
            handler.close()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handler = RotatingFileHandler(path, maxBytes=_BYTES, backupCount=_KEPT, encoding="utf-8", delay=True)
        path.open("a").close()
    except OSError:
        for logger in loggers:
            logger.addHandler(logging.NullHandler())
        return
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    for logger in loggers:
        logger.addHandler(handler)


def versions() -> dict[str, str]:
    """Return the versions of the program, Python, the system and the main packages."""
    result = {
        "defect-workbench": __version__,
        "python": platform.python_version(),
        "system": platform.platform(),
    }
    for package in PACKAGES:
        try:
            result[package] = version(package)
        except PackageNotFoundError:
            result[package] = "missing"
    return result


def bug_report(path: Path, lines: int = 200) -> str:
    """Return versions and the last lines of the log, to paste into a bug report."""
    try:
        with path.open(encoding="utf-8", errors="replace") as stream:
            tail = "".join(deque(stream, maxlen=lines))
    except OSError as error:
        tail = f"(no log: {error.strerror})\n"
    head = "\n".join(f"{name}: {value}" for name, value in versions().items())
    return f"{head}\n\nLast lines of {path}:\n{tail}"
