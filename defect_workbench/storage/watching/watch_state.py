"""The file `watch.json`: which folder and classifier a growing result is of. It is written once."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from defect_workbench import __version__
from defect_workbench.core.errors import InputError, Remedy
from defect_workbench.core.result_files import WATCH
from defect_workbench.core.safe_reading import read_regular
from defect_workbench.storage.files.atomic import write_text
from defect_workbench.storage.files.csv_cells import table_text
from defect_workbench.storage.files.staging import recover
from defect_workbench.storage.result.new_folder import filling
from defect_workbench.storage.result.result_folder import check_target

FORMAT = 1
_MOST_BYTES = 1 << 20


@dataclass(frozen=True)
class WatchState:
    """What does not change while a result grows.

    Attributes
    ----------
    folder : str
        The watched folder, absolute.
    model, model_sha256 : str
        Name and SHA-256 of the classifier's file.
    false_alarms : float or None
        Share of known images that may be called unknown; None for that of the classifier.
    """

    folder: str
    model: str
    model_sha256: str
    false_alarms: float | None = None

    def text(self) -> str:
        """Return the content of the file."""
        values = {"format": FORMAT, "program": f"defect-workbench {__version__}", **asdict(self)}
        return json.dumps(values, indent=1, ensure_ascii=True) + "\n"


def read_state(out: Path) -> WatchState | None:
    """Return the state of a growing result; None if the folder is not one.

    Raises
    ------
    InputError
        If the state is damaged, or of a newer version.
    OSError
        If it cannot be read.
    """
    path = out / WATCH
    try:
        values = json.loads(read_regular(path, _MOST_BYTES))
        if int(values["format"]) > FORMAT:
            raise InputError(f"{path} was written by a newer version; update the program")
        share = values["false_alarms"]
        return WatchState(
            str(values["folder"]),
            str(values["model"]),
            str(values["model_sha256"]),
            None if share is None else float(share),
        )
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise InputError(f"{path} is damaged; nothing was written", Remedy.OTHER_FOLDER) from error


def check_can_continue(out: Path, state: WatchState) -> bool:
    """Check that a result can be written; return whether it exists already.

    Raises
    ------
    InputError
        If the folder is neither empty nor a result of watching the same folder with the same classifier, or
        is the watched folder itself.
    """
    if _same(Path(state.folder), out):
        raise InputError(f"{out} is the watched folder itself", Remedy.OTHER_FOLDER)
    if not out.is_symlink() and out.is_dir():
        recover(out)
    earlier = read_state(out)
    if earlier is None:
        check_target(out)
        return False
    if not _same(Path(earlier.folder), Path(state.folder)):
        raise InputError(f"{out} is the result of watching {earlier.folder}", Remedy.OTHER_FOLDER)
    if earlier.model_sha256 != state.model_sha256:
        raise InputError(
            f"{out} was begun with another classifier ({earlier.model}, SHA-256 "
            f"{earlier.model_sha256[:12]}…, not {state.model_sha256[:12]}…)",
            Remedy.OTHER_FOLDER,
        )
    if earlier.false_alarms != state.false_alarms:
        raise InputError(
            f"{out} was begun with {_share(earlier.false_alarms)}, not {_share(state.false_alarms)}",
            Remedy.OTHER_FOLDER,
        )
    return True


def create_result(out: Path, state: WatchState, tables: Mapping[str, Sequence[str]]) -> None:
    """Create a result without rows: all files or none.

    Parameters
    ----------
    tables : mapping of str to sequence of str
        The columns of each table.

    Raises
    ------
    WorkbenchError
        If it cannot be written.
    """
    with filling(out, last=(WATCH,)) as folder:
        for name, columns in tables.items():
            write_text(folder / name, table_text(columns, ()))
        write_text(folder / WATCH, state.text())


def _share(share: float | None) -> str:
    return "the classifier's share of false alarms" if share is None else f"a share of {share:g}"


def _same(first: Path, second: Path) -> bool:
    if os.path.abspath(first) == os.path.abspath(second):
        return True
    try:
        return os.path.samefile(first, second)
    except OSError:
        return False
