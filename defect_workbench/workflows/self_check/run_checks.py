"""Run all checks; a part that is broken becomes a finding instead of an error."""

from __future__ import annotations

import logging
import os
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from defect_workbench.core.errors import Cancelled
from defect_workbench.core.progress import Reporter
from defect_workbench.user_dirs import UserDirs
from defect_workbench.workflows.self_check.check import Finding, Machine, SelfCheck, State, failed
from defect_workbench.workflows.self_check.registry import SELF_CHECKS

# Where packages keep their own files, which they create when they are imported.
_PACKAGE_FOLDERS = ("MPLCONFIGDIR", "XDG_CACHE_HOME", "TORCH_HOME")
_REINSTALL = "install the program again: a package of it is missing, damaged or does not fit this system"


@dataclass(frozen=True)
class CheckedPart:
    """A check and what it found."""

    check: SelfCheck
    finding: Finding


def run_checks(places: UserDirs, reporter: Reporter) -> tuple[CheckedPart, ...]:
    """Run all checks in order. Files are written to a temporary folder only, which is removed again.

    Raises
    ------
    Cancelled
        If the user cancelled.
    """
    checked = []
    with tempfile.TemporaryDirectory(prefix="defect-workbench-") as scratch, _packages_write_to(scratch):
        machine = Machine(places, Path(scratch))
        for check in SELF_CHECKS:
            reporter.check()
            # If a package kills the process, the last of these lines says which part it was.
            reporter.stage(f"Checking: {check.label}", None)
            checked.append(CheckedPart(check, _guarded(check, machine)))
    return tuple(checked)


def program_works(checked: tuple[CheckedPart, ...]) -> bool:
    """Whether the program can do its work on this machine."""
    return all(part.finding.state is not State.FAILED for part in checked)


def _guarded(check: SelfCheck, machine: Machine) -> Finding:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return check.run(machine)
    except Cancelled:
        raise
    except Exception as error:
        logging.getLogger(__name__).warning("the check %s failed", check.name, exc_info=error)
        first = (str(error).strip().splitlines() or [""])[0][:200]
        return failed(f"{type(error).__name__}: {first}".rstrip(": "), remedy=_REINSTALL)


@contextmanager
def _packages_write_to(folder: str) -> Iterator[None]:
    before = {name: os.environ.get(name) for name in _PACKAGE_FOLDERS}
    os.environ.update(dict.fromkeys(_PACKAGE_FOLDERS, folder))
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
