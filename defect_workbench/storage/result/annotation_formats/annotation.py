"""Annotations, and the interface of annotation formats."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Annotation:
    """An exported image with its label; outliers have no label and no annotation.

    Attributes
    ----------
    file : str
        Path relative to the result folder, with '/' as separator.
    split : str
        train, val or test; empty without a split.
    path : str
        Path of the original, relative to the root of the image set.
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
    """An annotation format.

    Attributes
    ----------
    name : str
        Name on the command line and in receipts.
    label : str
        Name in the window.
    files : tuple of str
        Names of all files it may write; they are reserved in result folders.
    write : callable
        Returns the content of the files, by name. Arguments: the annotations; and the result folder to add
        to, whose annotations stay first, or None. Raises ValueError, KeyError, TypeError or OSError if its
        files cannot be read.
    """

    name: str
    label: str
    files: tuple[str, ...]
    write: Callable[[Sequence[Annotation], Path | None], Mapping[str, str]]
