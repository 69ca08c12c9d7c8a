"""Errors: why a job could not be finished, what the user can do, and the exit code.

What to do differs between the command line and the window. The text of an error is therefore only the
reason, with a `Remedy`; the command line and the window each have a table with the text of every remedy.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from enum import Enum, auto


class Remedy(Enum):
    """What the user can do about an error, where the window and the command line do it differently."""

    FETCH_WEIGHTS = auto()
    IMPORT_WEIGHTS = auto()
    """The weights could not be downloaded: copy the file from another machine."""
    GET_WEIGHTS = auto()
    """There are none yet: download them, or copy the file from another machine."""
    MATCHING_WEIGHTS = auto()
    """Use the weights that the model or the session was made with."""
    OTHER_STORE = auto()
    """Keep the features in another feature store."""
    OTHER_FOLDER = auto()
    """Write the result to another folder."""
    COPY_MODE = auto()
    """Copy images instead of linking to them."""
    OPEN_AGAIN = auto()
    """Open the folder again, as it has changed."""
    FIND_IMAGES = auto()
    """Give the folder that the images are in now."""
    ADD_TABLE = auto()
    """Join a table of side data."""
    OTHER_CUT = auto()
    """Cut the tree into another number of clusters."""
    OTHER_FOLDS = auto()
    """Evaluate with another number of folds."""
    OTHER_LOTS = auto()
    """Determine the lot of an image by another rule."""
    OTHER_DRAWS = auto()
    """Augment each image another number of times."""
    OTHER_FALSE_ALARMS = auto()
    """Give another share of known images that may be called unknown."""
    NO_AUGMENTATION = auto()
    """Train without augmentation."""
    ENTER_CODES = auto()
    """Give the classes their numbers in other systems, in the class library."""
    CONFIRM_CLUSTERS = auto()
    COARSER_METHOD = auto()
    """Use a method that can cluster this many images."""
    INSTALL_ONNX = auto()
    INSTALL_CLUSTER = auto()
    ALLOW_MIXED_WORKERS = auto()
    """Use workers of one kind, or accept vectors that differ in the last bits."""
    WEIGHTS_ON_WORKERS = auto()
    """Give each worker the weights in use."""
    CONTINUE = auto()
    """Do the same again, which continues with what was finished."""
    START_WORKERS = auto()
    """Start workers of a Dask cluster."""
    CONTINUE_TRAINING = auto()
    """Continue the interrupted training of a detector, or begin it again."""
    BEGIN_TRAINING_AGAIN = auto()
    """Begin the interrupted training of a detector again."""


class WorkbenchError(Exception):
    """The job could not be finished.

    Parameters
    ----------
    reason : str
        The text of the error: what happened and why, without a full stop.
    remedy : Remedy, optional
        What can be done about it.
    """

    exit_code = 1

    def __init__(self, reason: str, remedy: Remedy | None = None) -> None:
        super().__init__(reason)
        self.remedy = remedy


class InputError(WorkbenchError):
    """An argument, or the file that it names, cannot be used."""

    exit_code = 2


class Cancelled(WorkbenchError):
    """The user cancelled the job."""

    exit_code = 130

    def __init__(self, reason: str = "cancelled", remedy: Remedy | None = None) -> None:
        super().__init__(reason, remedy)


def with_remedy(reason: str, remedy: Remedy | None, texts: Mapping[Remedy, str]) -> str:
    """Return a reason followed by the text of its remedy."""
    return reason if remedy is None else f"{reason}; {texts[remedy]}"


_FILE = "file: "


@contextmanager
def concerning(file: object) -> Iterator[None]:
    """Note the file on any unexpected error that is raised in the block, so that the message can name it."""
    try:
        yield
    except WorkbenchError:
        raise
    except Exception as error:
        error.add_note(f"{_FILE}{file}")
        raise


def files_of(error: BaseException) -> tuple[str, ...]:
    """Return the files noted on an error, innermost block first."""
    notes = getattr(error, "__notes__", ())
    return tuple(note.removeprefix(_FILE) for note in notes if note.startswith(_FILE))
