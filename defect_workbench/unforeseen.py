"""The one place that puts into words what nobody thought of."""

from __future__ import annotations

import logging
import os
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from defect_workbench.core.errors import Cancelled, WorkbenchError, files_of
from defect_workbench.core.safe_reading import is_full, why_not_written

log = logging.getLogger(__name__)
# Before the log file is open, logging itself would print what it is given on standard error.
logging.getLogger("defect_workbench").addHandler(logging.NullHandler())

_SHOWN = 200


def in_words(error: BaseException, step: str, report: str) -> WorkbenchError:
    """The error to show for whatever ended a job; its traceback goes into the log.

    Parameters
    ----------
    step : str
        What was under way, as it was shown; empty if nothing was.
    report : str
        What to do with a fault that comes back.
    """
    if isinstance(error, WorkbenchError):
        return error
    if isinstance(error, KeyboardInterrupt):
        return Cancelled()
    files = files_of(error)
    log.error("unexpected fault at %r, %s", step, files or "no file", exc_info=error)
    where = f" at the step “{step}”" if step else ""
    if is_memory(error):
        return WorkbenchError(
            f"there is not enough memory{where}{_on(files)}; close other programs or give fewer images at "
            "once, and run it again"
        )
    if isinstance(error, OSError):
        return WorkbenchError(_of_system(error, where, files))
    first = (str(error).strip().splitlines() or [""])[0][:_SHOWN]
    what = ": ".join(filter(None, (type(error).__name__, first)))
    without = f"try it without {files[0]}, and " if files else ""
    return WorkbenchError(
        f"unexpected fault{where}{_on(files)} ({what}). Run it again; if it comes back, {without}{report}"
    )


@contextmanager
def reporting_uncaught(say: Callable[[WorkbenchError], None], report: str) -> Iterator[None]:
    """While it lasts, what fails where no job can catch it is logged and passed to `say`.

    This is for a thread of its own, a slot of the window, an object at its end, for which Python would print
    a traceback.
    """

    def pass_on(error: BaseException | None) -> None:
        if error is not None and not isinstance(error, SystemExit):
            say(in_words(error, "", report))

    def unraisable(args: sys.UnraisableHookArgs) -> None:
        # Nothing went wrong for the person: an object could not be cleared away.
        log.error("ignored at %r", args.object, exc_info=args.exc_value)

    before = sys.excepthook, threading.excepthook, sys.unraisablehook
    sys.excepthook = lambda kind, error, trace: pass_on(error)
    threading.excepthook = lambda args: pass_on(args.exc_value)
    sys.unraisablehook = unraisable
    try:
        yield
    finally:
        sys.excepthook, threading.excepthook, sys.unraisablehook = before


def is_memory(error: BaseException) -> bool:
    """Whether there was not enough memory: for Python, torch, the graphics card or a library to load."""
    return (
        isinstance(error, MemoryError)
        or type(error).__name__ == "OutOfMemoryError"
        or (isinstance(error, RuntimeError) and "allocate memory" in str(error))
        or (isinstance(error, ImportError) and "failed to map segment" in str(error))
    )


def working_folder_gone() -> bool:
    """Whether the folder the process works in was removed: no relative path means anything then."""
    try:
        os.getcwd()
    except OSError:
        return True
    return False


def _of_system(error: OSError, where: str, files: tuple[str, ...]) -> str:
    if working_folder_gone():
        return "the working folder no longer exists; change to another one and run it again"
    advice = "make room" if is_full(error) else "put that right"
    named = files or tuple(str(name) for name in (error.filename,) if name is not None)
    return f"stopped{where}{_on(named)}: {why_not_written(error)}; {advice} and run it again"


def _on(files: tuple[str, ...]) -> str:
    return f", on {files[0]}" if files else ""
