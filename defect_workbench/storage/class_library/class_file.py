"""The file of a class library: versioned JSON that a team can share."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

from defect_workbench.core.errors import InputError, WorkbenchError
from defect_workbench.core.project.class_library import ClassLibrary
from defect_workbench.core.safe_reading import NotRegularError, TooLargeError, read_regular, why_not_written
from defect_workbench.core.typed_json import decode
from defect_workbench.storage.files.atomic import write_text
from defect_workbench.storage.files.publishing import publish

KIND = "defect-workbench class library"
FORMAT = 2
_MOST_BYTES = 64 << 20


def read_classes(path: Path) -> ClassLibrary:
    """Return the classes in a file.

    Raises
    ------
    InputError
        If it cannot be read, is not a file of classes, or was written by a newer version.
    """
    try:
        content = json.loads(read_regular(path, _MOST_BYTES))
    except NotRegularError as error:
        raise InputError(f"{path} is not a file") from error
    except TooLargeError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}") from error
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror or error}") from error
    except (ValueError, RecursionError) as error:
        raise InputError(f"{path} is not a file of classes, or it is damaged") from error
    if not isinstance(content, dict) or content.get("kind") != KIND:
        raise InputError(f"{path} is not a file of classes")
    number = content.get("format")
    if not isinstance(number, int) or isinstance(number, bool) or number < 1:
        raise InputError(f"{path} is damaged: its format is {number!r:.20}")
    if number > FORMAT:
        raise InputError(
            f"{path} was written by a newer version (format {number}; this version reads up to {FORMAT})"
        )
    try:
        return decode(ClassLibrary, content, "classes")
    except InputError as error:
        raise InputError(f"{path} cannot be used: {error}") from error


def classes_text(library: ClassLibrary) -> str:
    """Return the content of a file of classes; the same library gives the same text."""
    # Earlier versions know no products, and refuse classes with the same key.
    number = FORMAT if any(known.product for known in library.classes) else 1
    content = {"kind": KIND, "format": number, **asdict(library)}
    return json.dumps(content, ensure_ascii=False, indent=1) + "\n"


def export_classes(path: Path, library: ClassLibrary, *, replace: bool = False) -> None:
    """Write a file of classes.

    Parameters
    ----------
    replace : bool
        Whether an existing file may be replaced.

    Raises
    ------
    InputError
        If the file exists, or its folder does not.
    WorkbenchError
        If it cannot be written.
    """
    if path.exists() and not replace:
        raise InputError(f"{path} already exists")
    if not path.absolute().parent.is_dir():
        raise InputError(f"the folder {path.parent} does not exist")
    publish(path, {path: classes_text(library).encode()}, replace=replace)


@dataclass(frozen=True)
class LibraryFile:
    """The class library of a user, which other windows may change at any time."""

    path: Path

    def load(self) -> ClassLibrary:
        """Return the library; an empty one before the first class is kept.

        Raises
        ------
        InputError
            If the file cannot be used.
        """
        return read_classes(self.path) if self.path.exists() else ClassLibrary()

    def update(self, change: Callable[[ClassLibrary], ClassLibrary]) -> ClassLibrary:
        """Change the library as it is now in the file, and return it.

        Raises
        ------
        InputError
            If the file cannot be used; it is left as it is.
        WorkbenchError
            If it cannot be written.
        """
        before = self.load()
        after = change(before)
        if after != before:
            try:
                write_text(self.path, classes_text(after))
            except OSError as error:
                why = why_not_written(error)
                raise WorkbenchError(f"the class library {self.path} cannot be written: {why}") from error
        return after
