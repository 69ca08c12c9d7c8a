"""Puts the program together: the command line, and the window on top of it.

Nothing but the standard library is imported before the net is spread, so whatever happens, an early
Ctrl-C included, ends in a sentence.
"""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


def has_display() -> bool:
    """Whether a window can be shown."""
    if not sys.platform.startswith("linux"):
        return True
    return any(os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"))


def main() -> int:
    """Do what the command line says and return the exit code."""
    code = 0
    try:
        from defect_workbench.streams import lasting_streams

        with lasting_streams():
            code = _guarded(sys.argv[1:])
    except KeyboardInterrupt:
        _say("cancelled")
        return 130
    except OSError as error:  # only what standard output did not take can still come here
        from defect_workbench.core.safe_reading import why_not_written

        done = "had failed before" if code else "is done"
        _say(f"the result cannot be printed ({why_not_written(error)}); the work itself {done}")
        return code or 1
    return code


def _guarded(arguments: list[str]) -> int:
    try:
        return _main(arguments)
    except KeyboardInterrupt:
        _say("cancelled")
        return 130
    except ImportError as error:
        _say(f"a part of the program is missing or does not work here ({error}); reinstall it")
        return 1
    except Exception as error:
        from defect_workbench.commands.shared.command_line_remedies import sentence
        from defect_workbench.unforeseen import in_words

        known = in_words(error, "", "report it with this line")
        _say(sentence(known))
        return known.exit_code


def _main(arguments: list[str]) -> int:
    from defect_workbench import cli
    from defect_workbench.commands.shared.command_line_remedies import sentence
    from defect_workbench.unforeseen import reporting_uncaught
    from defect_workbench.user_dirs import UserDirs

    places = UserDirs.of_user()
    with reporting_uncaught(lambda error: _say(sentence(error)), f"report it with the log {places.log}"):
        if arguments and (arguments[0] in cli.COMMANDS or arguments[0].startswith("-")):
            return cli.run(arguments, places, open_window if has_display() else None)
        return open_window(_path_to_open(arguments, cli.COMMANDS))


def _path_to_open(arguments: list[str], commands: Sequence[str]) -> Path | None:
    """What the window is to open; None for nothing."""
    from pathlib import Path

    from defect_workbench.core.errors import InputError, WorkbenchError

    if len(arguments) > 1:
        raise InputError("give one folder, session or feature store to open")
    if arguments == [""]:
        raise InputError("the path is empty; is a variable of the shell not set?")
    path = Path(arguments[0]) if arguments else None
    if path is not None and not os.path.exists(path):
        raise InputError(f"there is no {path} (commands are {', '.join(commands)})")
    if not has_display():
        raise WorkbenchError(
            "there is no display for the window; without one, use defect-workbench cluster FOLDER --out DIR"
        )
    return path


def _say(message: str) -> None:
    from defect_workbench.core.text import printable

    print(f"defect-workbench: {printable(message)}", file=sys.stderr)


def open_window(path: Path | None) -> int:
    """Open the window, on a path if one is given, and run it until it is closed."""
    from defect_workbench.gui.application import run_window
    from defect_workbench.user_dirs import UserDirs

    return run_window(path, UserDirs.of_user())


if __name__ == "__main__":
    sys.exit(main())
