"""A check of the installation, and its finding."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from defect_workbench.core.errors import Remedy
from defect_workbench.user_dirs import UserDirs


class State(StrEnum):
    """The result of a check: ok, limited or failed."""

    OK = "ok"
    LIMITED = "limited"
    """The program works, with less than it could have."""
    FAILED = "failed"


@dataclass(frozen=True)
class Finding:
    """What a check found.

    Attributes
    ----------
    lines : tuple of str
        At least one; without full stops.
    remedy : str or Remedy
        What the administrator can do; empty if nothing needs to be done.
    """

    state: State
    lines: tuple[str, ...]
    remedy: str | Remedy = ""


@dataclass(frozen=True)
class Machine:
    """What the checks may use.

    Attributes
    ----------
    places : UserDirs
        Folders of the user; only to be looked at.
    scratch : Path
        A temporary folder, the only place to write to.
    """

    places: UserDirs
    scratch: Path


@dataclass(frozen=True)
class SelfCheck:
    """One check.

    Attributes
    ----------
    name : str
        Used in the JSON object.
    label : str
        Shown to the user.
    run : callable
        Examines the machine. It may raise anything: that is a finding, too.
    """

    name: str
    label: str
    run: Callable[[Machine], Finding]


def ok(*lines: str) -> Finding:
    """Return the finding that a part works."""
    return Finding(State.OK, lines)


def limited(*lines: str, remedy: str | Remedy = "") -> Finding:
    """Return the finding that a part works less well than it could."""
    return Finding(State.LIMITED, lines, remedy)


def failed(*lines: str, remedy: str | Remedy = "") -> Finding:
    """Return the finding that a part does not work, which makes the check as a whole fail."""
    return Finding(State.FAILED, lines, remedy)
