"""The command line. It uses the same workflows as the window, without Qt."""

from __future__ import annotations

import argparse
import errno
import os
import sys
from collections.abc import Callable, Sequence
from importlib import import_module
from pathlib import Path

from defect_workbench import __version__
from defect_workbench.commands.shared.command_line_remedies import sentence
from defect_workbench.commands.shared.console import ConsoleReporter, console_reporter
from defect_workbench.core.errors import InputError, WorkbenchError
from defect_workbench.core.text import printable
from defect_workbench.logs import start_logging
from defect_workbench.unforeseen import as_workbench_error, working_folder_exists
from defect_workbench.user_dirs import UserDirs

COMMANDS = (
    "cluster",
    "extract",
    "demo",
    "compare",
    "train",
    "classify",
    "detect",
    "train-detector",
    "evaluate-detector",
    "export",
    "pareto",
    "replay",
    "classes",
    "weights",
    "self-check",
)


def build_parser(places: UserDirs, names: Sequence[str] = COMMANDS) -> argparse.ArgumentParser:
    """Return the parser of some commands, by default all. Only their modules are imported."""
    parser = argparse.ArgumentParser(
        prog="defect-workbench",
        description="Group images of defects. Without a command, the window opens. PATH is a folder of\n"
        "images, an inspection file (KLARF), a session (.dwb) or a feature store.",
        usage="defect-workbench [PATH]\n       defect-workbench COMMAND [options]",
        epilog=f"Log file:\n  {places.log}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"defect-workbench {__version__}")
    parser.add_argument("--self-check", action="store_true", help="the same as the command self-check")
    commands = parser.add_subparsers(
        prog="defect-workbench", dest="command", metavar="COMMAND", required=True
    )

    for name in names:
        module = import_module(f"defect_workbench.commands.{name.replace('-', '_')}")
        module.add(commands, places)
    return parser


def run(argv: Sequence[str], places: UserDirs, open_window: Callable[[Path], int] | None = None) -> int:
    """Run a command; return the exit code.

    What goes wrong while the command's module is imported is left to the caller, which knows whether it was
    Ctrl-C: a compiled module reports that as a different error.

    Parameters
    ----------
    open_window : callable, optional
        Opens a path in the window; None without a display.
    """
    reporter: ConsoleReporter | None = None
    try:
        args = _arguments(argv, places)
    except WorkbenchError as error:
        return _fail(error)
    if isinstance(args, int):
        return args
    try:
        if getattr(args, "logged", True):
            start_logging(places.log)
        with console_reporter() as reporter:
            args.open_window = open_window
            code: int = args.run(args, places, reporter)
            return code
    except (Exception, KeyboardInterrupt) as error:
        report = f"report it with the log {places.log}"
        return _fail(as_workbench_error(error, reporter.step if reporter else "", report))


def _fail(error: WorkbenchError) -> int:
    """Print the error in one line on standard error; return the exit code."""
    print(f"defect-workbench: {printable(sentence(error))}", file=sys.stderr)
    return error.exit_code


def _arguments(argv: Sequence[str], places: UserDirs) -> argparse.Namespace | int:
    """Return the parsed arguments, or the exit code after `--help` or a wrong argument."""
    if "" in argv:
        raise InputError("an argument is empty; check whether a shell variable is not set")
    try:
        # An option, as users look for one like --version; also a command, as it has its own option.
        words = ["self-check", *argv[1:]] if argv[:1] == ["--self-check"] else argv
        named = [name for name in words[:1] if name in COMMANDS]
        args = build_parser(places, named or COMMANDS).parse_args(words)
    except SystemExit as error:
        return error.code if isinstance(error.code, int) else 2
    for value in vars(args).values():
        if isinstance(value, Path):
            _check_path(value)
    return args


def _check_path(path: Path) -> None:
    """Reject a path that the system cannot use; the command itself checks whether it exists."""
    if not path.is_absolute() and not working_folder_exists():
        raise InputError(
            f"{path} is relative to a working folder that no longer exists; change to another folder or "
            "give a full path"
        )
    try:
        os.lstat(os.path.abspath(path))
    except OSError as error:
        if error.errno in (errno.ENAMETOOLONG, errno.ELOOP):
            shown = f"{str(path)[:60]}…" if len(str(path)) > 60 else str(path)
            raise InputError(f"{shown} is not a valid path on this system: {error.strerror}") from error
