"""A new folder that appears only when all of its files are written."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from defect_workbench.core.errors import Remedy, WorkbenchError
from defect_workbench.core.safe_reading import why_not_written
from defect_workbench.storage.files.staging import staging


@contextmanager
def filling(out: Path, last: Sequence[str] = ()) -> Iterator[Path]:
    """Yield a folder to fill, which becomes `out` if the block ends without an error.

    Parameters
    ----------
    last : sequence of str
        The files that are moved last: with them the folder is complete.

    Raises
    ------
    WorkbenchError
        If it cannot be written.
    """
    try:
        with staging(out) as stage:
            yield stage.files
            stage.publish(last=tuple(last))
    except OSError as error:
        raise WorkbenchError(
            f"{out} cannot be written: {why_not_written(error)}; nothing was written", Remedy.OTHER_FOLDER
        ) from error
