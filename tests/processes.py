"""The command line, as a process of its own or, where only its messages matter, in this one."""

from __future__ import annotations

import csv
import logging
import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from defect_workbench import cli
from defect_workbench.user_dirs import UserDirs

COMMAND = [sys.executable, "-m", "defect_workbench"]
Command = Callable[..., subprocess.CompletedProcess[str]]


def run(*arguments: str | Path, **environment: str) -> subprocess.CompletedProcess[str]:
    base = {k: v for k, v in os.environ.items() if k not in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM")}
    return subprocess.run(
        [*COMMAND, *map(str, arguments)],
        capture_output=True,
        text=True,
        env={**base, **environment},
        timeout=300,
        check=False,
    )


def in_process(
    arguments: Sequence[str], places: UserDirs, capsys: pytest.CaptureFixture[str]
) -> subprocess.CompletedProcess[str]:
    """Do the same without starting an interpreter, which takes half a second or more."""
    capsys.readouterr()
    try:
        code = cli.run(arguments, places)
    finally:
        logging.captureWarnings(False)
    said = capsys.readouterr()
    return subprocess.CompletedProcess([*COMMAND, *arguments], code, said.out, said.err)


def table(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as stream:
        return list(csv.DictReader(stream))
