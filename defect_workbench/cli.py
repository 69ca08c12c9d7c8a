"""The command line: the same engine and storage as the window, without Qt."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Sequence
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
from defect_workbench.console import console_reporter
from defect_workbench.core.errors import Cancelled, WorkbenchError
from defect_workbench.core.text import printable
from defect_workbench.logs import start_logging
from defect_workbench.places import Places

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
    try:
        with console_reporter() as reporter:
            args.open_window = open_window
            code: int = args.run(args, places, reporter)
            return code
    except KeyboardInterrupt:
        return _fail(Cancelled())
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except WorkbenchError as error:
        return _fail(error)
    except Exception as error:  # a fault of ours: the log has the traceback, the person a sentence
        import logging

        logging.getLogger(__name__).exception("unexpected fault")
        return _fail(WorkbenchError(f"unexpected fault ({error}); details are in {places.log}"))


def _fail(error: WorkbenchError) -> int:
    print(f"defect-workbench: {printable(str(error))}", file=sys.stderr)
    return error.exit_code
