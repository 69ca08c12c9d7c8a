"""Messages for unexpected errors, and handlers for errors outside of jobs."""

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
# Before the log file is open, records would be printed on standard error.
logging.getLogger("defect_workbench").addHandler(logging.NullHandler())

_SHOWN_CHARACTERS = 200


def as_workbench_error(error: BaseException, step: str, how_to_report: str) -> WorkbenchError:
    """Return the error to show for any exception that ended a job; unexpected ones are logged.

    Parameters
    ----------
    step : str
        The stage of the job as shown to the user; empty if none.
    how_to_report : str
        How to report an error that happens again.
    """
    if isinstance(error, WorkbenchError):
        return error
    if isinstance(error, KeyboardInterrupt):
        return Cancelled()
    files = files_of(error)
    log.error("unexpected error at %r, %s", step, files or "no file", exc_info=error)
    where = f" at the step “{step}”" if step else ""
    if is_out_of_memory(error):
        return WorkbenchError(
            f"there is not enough memory{where}{_on(files)}; close other programs or use fewer images, "
            "and try again"
        )
    if isinstance(error, OSError):
        return WorkbenchError(_of_system(error, where, files))
    first_line = (str(error).strip().splitlines() or [""])[0][:_SHOWN_CHARACTERS]
    description = ": ".join(filter(None, (type(error).__name__, first_line)))
    without_file = f"try without {files[0]}, and " if files else ""
    return WorkbenchError(
        f"unexpected error{where}{_on(files)} ({description}). Try again; if it happens again, "
        f"{without_file}{how_to_report}"
    )


@contextmanager
def reporting_uncaught(show: Callable[[WorkbenchError], None], how_to_report: str) -> Iterator[None]:
    """During the block, log errors that no job catches, and pass them to `show`.

    These are errors in threads, in slots of the window and in finalisers, for which Python would print a
    traceback.
    """

    def pass_on(error: BaseException | None) -> None:
        if error is not None and not isinstance(error, SystemExit):
            show(as_workbench_error(error, "", how_to_report))

    def unraisable(args: sys.UnraisableHookArgs) -> None:
        # A finaliser failed; the user need not know.
        log.error("ignored at %r", args.object, exc_info=args.exc_value)

    before = sys.excepthook, threading.excepthook, sys.unraisablehook
    sys.excepthook = lambda kind, error, trace: pass_on(error)
    threading.excepthook = lambda args: pass_on(args.exc_value)
    sys.unraisablehook = unraisable
    try:
        yield
    finally:
        sys.excepthook, threading.excepthook, sys.unraisablehook = before


def is_out_of_memory(error: BaseException) -> bool:
    """Whether the cause is a lack of memory: in Python, torch, on the GPU, or when loading a library."""
    return (
        isinstance(error, MemoryError)
        or type(error).__name__ == "OutOfMemoryError"
        or (isinstance(error, RuntimeError) and "allocate memory" in str(error))
        or (isinstance(error, ImportError) and "failed to map segment" in str(error))
    )


def working_folder_exists() -> bool:
    """Whether the working folder still exists; if not, relative paths are meaningless."""
    try:
        os.getcwd()
    except OSError:
        return False
    return True


def _of_system(error: OSError, where: str, files: tuple[str, ...]) -> str:
    if not working_folder_exists():
        return "the working folder no longer exists; change to another folder and try again"
    advice = "free some space" if is_full(error) else "correct this"
    named = files or tuple(str(name) for name in (error.filename,) if name is not None)
    return f"the job stopped{where}{_on(named)}: {why_not_written(error)}; {advice} and try again"


def _on(files: tuple[str, ...]) -> str:
    return f", on {files[0]}" if files else ""
