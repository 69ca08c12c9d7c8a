"""Errors that say why a job could not be finished, what can be done, and the exit code of each.

What to do differs between the command line and the window. An error therefore carries the reason as its text
and a `Remedy`; each front has one table of words for the remedies.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from enum import Enum, auto


class Remedy(Enum):
    """What a person can do about an error, where the way to do it depends on the front."""

    FETCH_WEIGHTS = auto()
    IMPORT_WEIGHTS = auto()
    """Nothing could be fetched: bring the file from another machine."""
    MATCHING_WEIGHTS = auto()
    """The weights in use are not the ones that a model or a session was made with."""
    OTHER_STORE = auto()
    """Keep the features in another feature store."""
    OTHER_FOLDER = auto()
    """Write the result to another folder."""
    COPY_MODE = auto()
    """Copy images instead of linking to them."""
    OPEN_AGAIN = auto()
    """Read the folder again, as it has changed."""
    FIND_IMAGES = auto()
    """Say where the images are now."""
    NO_AUGMENTATION = auto()
    """Train without augmentation."""
    CONFIRM_CLUSTERS = auto()
    COARSER_METHOD = auto()
    """Too many images for affinity propagation."""
    INSTALL_ONNX = auto()


class WorkbenchError(Exception):
    """The job could not be finished.

    Parameters
    ----------
    reason : str
        What happened and why, without a full stop at its end; the text of the error.
    remedy : Remedy, optional
        What can be done about it.
    """

    exit_code = 1

    def __init__(self, reason: str, remedy: Remedy | None = None) -> None:
        super().__init__(reason)
        self.remedy = remedy


class InputError(WorkbenchError):
    """The command line, or what it points at, is wrong."""

    exit_code = 2


class Cancelled(WorkbenchError):
    """The person asked for the work to stop."""

    exit_code = 130

    def __init__(self, message: str = "cancelled") -> None:
        super().__init__(message)


def in_full(reason: str, remedy: Remedy | None, words: Mapping[Remedy, str]) -> str:
    """A reason with what can be done about it, in the words of a front."""
    return reason if remedy is None else f"{reason}; {words[remedy]}"


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
