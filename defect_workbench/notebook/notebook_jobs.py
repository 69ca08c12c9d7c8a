"""Jobs of a notebook: progress by tqdm, warnings as Python warnings, errors with what to do about them."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from types import UnionType
from typing import TYPE_CHECKING, Never

from defect_workbench.core.errors import InputError, Remedy, WorkbenchError, with_remedy
from defect_workbench.core.text import printable
from defect_workbench.notebook.notebook_remedies import REMEDY_TEXTS

if TYPE_CHECKING:
    from tqdm import tqdm

_PACKAGE = __name__.partition(".")[0]


class WorkbenchWarning(UserWarning):
    """A problem that does not stop a job, such as missing network weights."""


class NotebookReporter:
    """A reporter that shows bars, and gives warnings to Python's `warnings`.

    Interrupting the kernel raises `KeyboardInterrupt` wherever the job is; jobs write their files so that
    nothing is left unfinished.

    Parameters
    ----------
    progress : bool or None
        Whether to show bars; None shows them in a terminal or a notebook only.
    """

    def __init__(self, progress: bool | None) -> None:
        self._shown = in_notebook() or sys.stderr.isatty() if progress is None else progress
        self._bar: tqdm[Never] | None = None

    def stage(self, title: str, total: int | None) -> None:
        """Begin a stage; one without known steps is too short for a bar."""
        self.close()
        if self._shown and total:
            self._bar = _bar(printable(title), total)

    def advance(self, steps: int = 1) -> None:
        """Count finished steps."""
        if self._bar is not None:
            self._bar.update(steps)

    def warn(self, message: str, remedy: Remedy | None = None) -> None:
        """Warn at the line of the caller that is outside this package."""
        words = printable(with_remedy(message, remedy, REMEDY_TEXTS), keep="\n")
        frame = sys._getframe()
        while frame.f_back is not None and frame.f_globals.get("__name__", "").split(".")[0] == _PACKAGE:
            frame = frame.f_back
        place = frame.f_code.co_filename, frame.f_lineno
        # With a separate registry, the warning is shown each time a cell runs.
        warnings.warn_explicit(words, WorkbenchWarning, *place, registry={})

    def check(self) -> None:
        """Do nothing, as an interrupt is an exception."""

    def close(self) -> None:
        """End the bar of the current stage."""
        if self._bar is not None:
            self._bar.close()
            self._bar = None


@contextmanager
def job(progress: bool | None = None) -> Iterator[NotebookReporter]:
    """Provide a reporter for one job; errors that leave it also say what to do about them.

    Raises
    ------
    WorkbenchError
        Those of the job, with the remedy in the text.
    """
    reporter = NotebookReporter(progress)
    try:
        yield reporter
    except WorkbenchError as error:
        error.args = (with_remedy(str(error), error.remedy, REMEDY_TEXTS),)
        error.remedy = None
        raise
    finally:
        reporter.close()


def check_kind(value: object, kind: type | UnionType, made_by: str) -> None:
    """Check that an argument is of a kind.

    Parameters
    ----------
    made_by : str
        What returns such a value, for the message.

    Raises
    ------
    InputError
        If it is not.
    """
    if not isinstance(value, kind):
        raise InputError(f"{made_by} returns what is needed here, and this is {type(value).__name__}")


def in_notebook() -> bool:
    """Return whether this code runs in the kernel of a notebook."""
    ipython = sys.modules.get("IPython")
    shell = None if ipython is None else ipython.get_ipython()
    return getattr(shell, "kernel", None) is not None


def _bar(title: str, total: int) -> tqdm[Never]:
    with warnings.catch_warnings():
        # Without ipywidgets, it draws the bar as text, which is all right.
        warnings.simplefilter("ignore")
        from tqdm.auto import tqdm as of_surroundings

        bar: tqdm[Never] = of_surroundings(desc=title, total=total, dynamic_ncols=True)
    return bar
