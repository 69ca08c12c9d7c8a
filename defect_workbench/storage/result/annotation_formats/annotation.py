"""What annotation files list, and what a format of them consists of."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Annotation:
    """One exported image with its label; outliers have none and are not listed.

    Attributes
    ----------
    file : str
        Relative to the result folder, '/' as separator.
    split : str
        train, val or test; empty without a split.
    path : str
        Of the original, relative to the folder of images.
    """

    file: str
    label: str
    split: str
    width: int
    height: int
    sha256: str
    path: str


@dataclass(frozen=True)
class AnnotationFormat:
    """A format of annotation files.

    Attributes
    ----------
    name : str
        On the command line and in receipts.
    label : str
        In the window.
    files : tuple of str
        Names of all files it may write; nothing else in a result folder is named so.
    write : callable
        Gives the content of the files, by name, for annotations and, where an earlier result folder is
        continued, that folder: what its files list stays first. Raises ValueError, KeyError, TypeError or
        OSError if they cannot be read.
    """

    name: str
    label: str
    files: tuple[str, ...]
    write: Callable[[Sequence[Annotation], Path | None], Mapping[str, str]]
