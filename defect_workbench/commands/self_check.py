"""`self-check`: what works on this machine, on one page."""

from __future__ import annotations

import argparse
import textwrap
from collections.abc import Sequence
from typing import TYPE_CHECKING

from defect_workbench.commands.shared.command_line_remedies import REMEDY_TEXTS
from defect_workbench.commands.shared.console import ConsoleReporter, console_reporter, print_json, print_text
from defect_workbench.core.errors import Remedy
from defect_workbench.user_dirs import UserDirs
from defect_workbench.workflows.self_check.check import State
from defect_workbench.workflows.self_check.run_checks import CheckedPart, program_works, run_checks

if TYPE_CHECKING:
    from defect_workbench.commands.shared.common_options import Commands

_MARKS = {State.OK: "ok", State.LIMITED: "LIMITED", State.FAILED: "FAILED"}
_MARGIN, _WIDTH = 24, 90


def add(commands: Commands, places: UserDirs) -> None:
    """Add the command and its options."""
    check = commands.add_parser(
        "self-check", help="report on one page what works on this machine: weights, processor, folders …"
    )
    # Not `add_json`: its module imports numpy, which may be what is broken.
    check.add_argument("--json", action="store_true", help="print the result as one JSON object")
    # The check must leave nothing behind, so it has no log.
    check.set_defaults(run=run, logged=False)


def run_alone(arguments: Sequence[str], places: UserDirs) -> int:
    """Parse the arguments after the name and run the command, without importing the other commands.

    They need packages that may be what is broken.
    """
    parser = argparse.ArgumentParser()
    add(parser.add_subparsers(prog="defect-workbench"), places)
    try:
        args = parser.parse_args(["self-check", *arguments])
    except SystemExit as error:
        return error.code if isinstance(error.code, int) else 2
    with console_reporter() as reporter:
        return run(args, places, reporter)


def run(args: argparse.Namespace, places: UserDirs, reporter: ConsoleReporter) -> int:
    """Run all checks and print the page; return 1 if the program cannot do its work."""
    checked = run_checks(places, reporter)
    works = program_works(checked)
    reporter.close()
    if args.json:
        print_json(
            {
                "works": works,
                "checks": [
                    {
                        "name": part.check.name,
                        "label": part.check.label,
                        "state": part.finding.state,
                        "lines": part.finding.lines,
                        "remedy": _remedy(part),
                    }
                    for part in checked
                ],
            }
        )
    else:
        print_text("\n".join(_page(checked)))
    return 0 if works else 1


def _remedy(part: CheckedPart) -> str:
    """Return what the administrator can do; empty if nothing needs to be done."""
    remedy = part.finding.remedy
    return REMEDY_TEXTS[remedy] if isinstance(remedy, Remedy) else remedy


def _page(checked: tuple[CheckedPart, ...]) -> list[str]:
    lines = []
    for part in checked:
        head = f"{part.check.label:<15}{_MARKS[part.finding.state]:<9}"
        remedy = _remedy(part)
        for text in (*part.finding.lines, *([f"→ {remedy}"] if remedy else [])):
            for line in textwrap.wrap(text, _WIDTH, break_long_words=False, break_on_hyphens=False):
                lines.append(head + line)
                head = " " * _MARGIN
    bad = [part.check.label for part in checked if part.finding.state is State.FAILED]
    less = [part.check.label for part in checked if part.finding.state is State.LIMITED]
    lines.append("")
    if bad:
        lines.append(f"The program cannot do its work here: {', '.join(bad)}. Lines with → say what to do.")
    elif less:
        lines.append(f"The program works here, with less than it could have: {', '.join(less)}.")
    else:
        lines.append("The program works here.")
    return lines
