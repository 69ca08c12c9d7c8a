"""Entry point: runs a command, or opens the window.

Only the standard library is imported before errors are handled, so that anything that goes wrong, an early
Ctrl-C included, ends in a message instead of a traceback.
"""

from __future__ import annotations

import os
import signal
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path
    from types import FrameType


class _Interrupts:
    """Notes Ctrl-C, as a compiled module that is being loaded may report it as a different error."""

    noted = False

    def __init__(self) -> None:
        # An interrupt that the shell has switched off stays off.
        if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
            signal.signal(signal.SIGINT, self._note)

    def _note(self, number: int, frame: FrameType | None) -> None:
        self.noted = True
        signal.default_int_handler(number, frame)


def has_display() -> bool:
    """Whether there is a display to open a window on."""
    if not sys.platform.startswith("linux"):
        return True
    return any(os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"))


def main() -> int:
    """Run the program with the arguments of the process; return the exit code."""
    code = 0
    try:
        interrupts = _Interrupts()
        from defect_workbench.streams import robust_streams

        with robust_streams():
            code = _guarded(sys.argv[1:], interrupts)
    except KeyboardInterrupt:
        return _cancelled()
    except OSError as error:  # only standard output can still fail here
        from defect_workbench.core.safe_reading import why_not_written

        outcome = "had already failed" if code else "is done"
        _print_error(f"the result cannot be printed ({why_not_written(error)}); the work itself {outcome}")
        return code or 1
    return code


def _guarded(arguments: list[str], interrupts: _Interrupts) -> int:
    try:
        return _main(arguments)
    except KeyboardInterrupt:
        return _cancelled()
    except Exception as error:
        if interrupts.noted:
            return _cancelled()
        return _explained(error)


def _explained(error: Exception) -> int:
    from defect_workbench.commands.shared.command_line_remedies import sentence
    from defect_workbench.unforeseen import as_workbench_error, is_out_of_memory

    if isinstance(error, ImportError) and not is_out_of_memory(error):
        _print_error(f"a part of the program is missing or cannot be loaded ({error}); reinstall it")
        return 1
    explained = as_workbench_error(error, "", "report it with this line")
    _print_error(sentence(explained))
    return explained.exit_code


def _main(arguments: list[str]) -> int:
    from defect_workbench.commands.shared.command_line_remedies import sentence
    from defect_workbench.unforeseen import reporting_uncaught
    from defect_workbench.user_dirs import UserDirs

    places = UserDirs.of_user()
    how_to_report = f"report it with the log {places.log}"
    with reporting_uncaught(lambda error: _print_error(sentence(error)), how_to_report):
        if arguments[:1] in (["--self-check"], ["self-check"]):
            from defect_workbench.commands.self_check import run_alone

            return run_alone(arguments[1:], places)
        from defect_workbench import cli

        if arguments and (arguments[0] in cli.COMMANDS or arguments[0].startswith("-")):
            return cli.run(arguments, places, open_window if has_display() else None)
        return open_window(_path_to_open(arguments, cli.COMMANDS))


def _path_to_open(arguments: list[str], commands: Sequence[str]) -> Path | None:
    """Return the path to open in the window; None without one."""
    from pathlib import Path

    from defect_workbench.core.errors import InputError, WorkbenchError

    if len(arguments) > 1 and not os.path.exists(arguments[0]):
        raise InputError(f"{arguments[0]} is not a command ({', '.join(commands)})")
    if len(arguments) > 1:
        raise InputError("give one folder, session or feature store to open")
    if arguments == [""]:
        raise InputError("the path is empty; check whether a shell variable is not set")
    path = Path(arguments[0]) if arguments else None
    if path is not None and not os.path.exists(path):
        raise InputError(f"{path} does not exist, and is not a command ({', '.join(commands)})")
    if not has_display():
        raise WorkbenchError(
            "there is no display for the window; without one, use defect-workbench cluster FOLDER --out DIR"
        )
    return path


def _cancelled() -> int:
    _print_error("cancelled")
    return 130


def _print_error(message: str) -> None:
    from defect_workbench.core.text import printable

    print(f"defect-workbench: {printable(message)}", file=sys.stderr)


def open_window(path: Path | None) -> int:
    """Open the window, with a path if one is given, and run it until it is closed."""
    from defect_workbench.display_libraries import check_display_libraries
    from defect_workbench.user_dirs import UserDirs

    # Before Qt is imported: that, too, fails without some of the libraries.
    check_display_libraries()
    from defect_workbench.gui.application import run_window

    return run_window(path, UserDirs.of_user())


if __name__ == "__main__":
    sys.exit(main())
