"""The command line: the same engine and storage as the window, without Qt."""

from __future__ import annotations

import argparse
import logging
import os
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

from defect_workbench import __version__
from defect_workbench.commands import (
    classify,
    cluster,
    compare,
    demo,
    export,
    extract,
    replay,
    train,
    weights,
)
from defect_workbench.console import console_reporter, finish_printing
from defect_workbench.core.errors import Cancelled, WorkbenchError
from defect_workbench.core.files import why_not_written
from defect_workbench.core.text import printable
from defect_workbench.logs import start_logging
from defect_workbench.places import Places

log = logging.getLogger(__name__)

_MODULES = (cluster, extract, demo, compare, train, classify, export, replay, weights)
COMMANDS = tuple(module.__name__.rpartition(".")[2] for module in _MODULES)


def build_parser(places: Places) -> argparse.ArgumentParser:
    """The parser of all headless commands."""
    parser = argparse.ArgumentParser(
        prog="defect-workbench",
        description="Sort defect images into groups. Without a command, opens the window\n"
        "(on a folder of images, a saved session or a feature store, if one is named).",
        usage="defect-workbench [PATH]\n       defect-workbench COMMAND [options]",
        epilog=f"The log file is:\n  {places.log}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"defect-workbench {__version__}")
    commands = parser.add_subparsers(
        prog="defect-workbench", dest="command", metavar="COMMAND", required=True
    )

    for module in _MODULES:
        module.add(commands, places)
    return parser


def run(argv: Sequence[str], places: Places, open_window: Callable[[Path], int] | None = None) -> int:
    """Do what a headless command line says; returns the exit code.

    Parameters
    ----------
    open_window : callable, optional
        Opens a path in the window; None where there is no display.
    """
    try:
        args = build_parser(places).parse_args(argv)
    except SystemExit as error:
        return error.code if isinstance(error.code, int) else 2
    start_logging(places.log)
    stage = ""
    try:
        with console_reporter() as reporter:
            args.open_window = open_window
            try:
                code: int = args.run(args, places, reporter)
            finally:
                stage = reporter.under_way
        finish_printing()
    except KeyboardInterrupt:
        return fail(Cancelled())
    except WorkbenchError as error:
        return fail(error)
    except OSError as error:
        return _fail_for_system(error, stage, places)
    except Exception as error:  # a fault of ours: the log has the traceback, the person a sentence
        log.exception("unexpected fault")
        return fail(WorkbenchError(unexpected(error, stage, places)))
    return code


def unexpected(error: Exception, stage: str, places: Places) -> str:
    """What to say of a fault that nobody thought of, and what to do."""
    where = f"“{stage}” failed" if stage else "it failed"
    if isinstance(error, MemoryError):
        return f"{where}: there is not enough memory; close other programs, or use fewer or smaller images"
    what = f"{type(error).__name__}: {error}".strip(": ")[:300]
    return (
        f"{where} for a reason this program did not expect ({what}). Run it again; if it fails again, report "
        f"it with the end of {places.log}"
    )


def _fail_for_system(error: OSError, stage: str, places: Places) -> int:
    """A file failed where nothing closer to it had words for that."""
    log.exception("a file failed")
    name = f"{os.fsdecode(error.filename)}: " if error.filename else ""
    where = f"“{stage}” failed: " if stage else ""
    return fail(WorkbenchError(f"{where}{name}{why_not_written(error)}; details are in {places.log}"))


def fail(error: WorkbenchError) -> int:
    """Print why, in one line, and return the exit code."""
    with suppress(OSError, ValueError):
        print(f"defect-workbench: {printable(str(error))}", file=sys.stderr, flush=True)
    return error.exit_code
