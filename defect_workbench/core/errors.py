"""Errors whose message is a sentence for the person, and the exit code each one ends with."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager


class WorkbenchError(Exception):
    """The job could not be finished; the message says why and what to do."""

    exit_code = 1


class InputError(WorkbenchError):
    """The command line, or what it points at, is wrong."""

    exit_code = 2


class Cancelled(WorkbenchError):
    """The person asked for the work to stop."""

    exit_code = 130

    def __init__(self, message: str = "cancelled") -> None:
        super().__init__(message)


_FILE = "file: "


@contextmanager
def concerning(file: object) -> Iterator[None]:
    """Note on an error that nobody thought of which file it is about, for whoever tells the person."""
    try:
        yield
    except WorkbenchError:
        raise
    except Exception as error:
        error.add_note(f"{_FILE}{file}")
        raise


def files_of(error: BaseException) -> tuple[str, ...]:
    """The files noted on an error, the nearest to its cause first."""
    notes = getattr(error, "__notes__", ())
    return tuple(note.removeprefix(_FILE) for note in notes if note.startswith(_FILE))
