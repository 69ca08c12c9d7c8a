"""Puts the program together: the command line, and the window on top of it.

Nothing but the standard library is imported before `main` runs: from then on even an early Ctrl-C, a
missing home or a closed stream ends in a sentence.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path


def has_display() -> bool:
    """Whether a window can be shown."""
    if not sys.platform.startswith("linux"):
        return True
    return any(os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"))


def main() -> int:
    """Do what the command line says and return the exit code."""
    _mend_streams()
    try:
        return _run(sys.argv[1:])
    except KeyboardInterrupt:
        print("defect-workbench: cancelled", file=sys.stderr)
        return 130


def _mend_streams() -> None:
    """Make printing safe: closed streams become nothing, other encodings write out what they lack."""
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:
            # Never closed: it lives as long as the process.
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: SIM115
        elif hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")


def _run(arguments: list[str]) -> int:
    from defect_workbench import cli
    from defect_workbench.core.errors import WorkbenchError
    from defect_workbench.core.text import printable
    from defect_workbench.places import Places

    try:
        places = Places.of_user()
    except WorkbenchError as error:
        return cli.fail(error)
    if arguments and (arguments[0] in cli.COMMANDS or arguments[0].startswith("-")):
        return cli.run(arguments, places, open_window if has_display() else None)
    if len(arguments) > 1:
        print("defect-workbench: give one folder, session or feature store to open", file=sys.stderr)
        return 2
    path = Path(arguments[0]) if arguments else None
    if path is not None and not os.path.lexists(path):
        known = ", ".join(cli.COMMANDS)
        print(f"defect-workbench: there is no {printable(str(path))} (commands are {known})", file=sys.stderr)
        return 2
    if not has_display():
        print(
            "defect-workbench: there is no display for the window; without one, use "
            "defect-workbench cluster FOLDER --out DIR",
            file=sys.stderr,
        )
        return 1
    return open_window(path)


def open_window(path: Path | None) -> int:
    """Open the window, on a path if one is given, and run it until it is closed."""
    from defect_workbench.gui.application import run_window
    from defect_workbench.places import Places

    return run_window(path, Places.of_user())


if __name__ == "__main__":
    sys.exit(main())
