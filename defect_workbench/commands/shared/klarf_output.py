"""`export --klarf`: write confirmed classes into new inspection files."""

from __future__ import annotations

import argparse
from pathlib import Path

from defect_workbench.commands.shared.console import ConsoleReporter, print_json, print_text
from defect_workbench.core.project.project_state import Project
from defect_workbench.core.text import counted
from defect_workbench.core.wafer.class_column import STANDARD_COLUMN
from defect_workbench.storage.class_library.class_file import LibraryFile
from defect_workbench.user_dirs import UserDirs
from defect_workbench.workflows.klarf.class_export import (
    KlarfPlan,
    KlarfRequest,
    plan_klarf,
    unnamed_words,
    write_klarf,
)

_SHOWN = 20


def add_klarf_output(parser: argparse.ArgumentParser) -> None:
    """Add the options about writing inspection files."""
    group = parser.add_argument_group("inspection files (KLARF)")
    group.add_argument(
        "--klarf",
        type=Path,
        metavar="FILE",
        help="write a new inspection file with the confirmed classes; nothing else differs from the one that "
        "was opened. If several were opened, FILE is a new folder",
    )
    group.add_argument(
        "--klarf-column",
        default=STANDARD_COLUMN,
        metavar="NAME",
        help=f"the column for the class numbers; default: {STANDARD_COLUMN}",
    )
    group.add_argument(
        "--overlay", action="store_true", help="write a small file with defect numbers and classes only"
    )


def run_klarf_output(
    args: argparse.Namespace, project: Project, places: UserDirs, reporter: ConsoleReporter
) -> int:
    """Write the files, or with `--dry-run` show what would differ."""
    library = LibraryFile(places.classes).load()
    request = KlarfRequest(args.klarf, args.klarf_column, args.overlay, library)
    plan = plan_klarf(project, request)
    if not args.dry_run:
        write_klarf(plan)
    reporter.close()
    if args.json:
        print_json(_json(args, plan))
    else:
        _print(args, plan)
    return 0


def _json(args: argparse.Namespace, plan: KlarfPlan) -> dict[str, object]:
    files = [
        {
            "source": str(each.source),
            "file": str(each.target),
            "defects": each.defects,
            "changes": [
                {"line": line, "before": before, "after": after} for line, before, after in each.lines
            ],
        }
        for each in plan.files
    ]
    return {
        "klarf": str(args.klarf),
        "column": args.klarf_column,
        "overlay": args.overlay,
        "dry_run": args.dry_run,
        "defects": plan.defects,
        "classes": [
            {"class": each.name, "code": each.code, "defects": each.defects} for each in plan.classes
        ],
        "undecided": plan.undecided,
        "unnamed": plan.unnamed,
        "files": files,
    }


def _print(args: argparse.Namespace, plan: KlarfPlan) -> None:
    verb = "would be written" if args.dry_run else "written"
    print_text(
        f"{args.klarf_column} of {counted(plan.defects, 'defect')} {verb} to {args.klarf}; "
        f"{counted(plan.undecided, 'image')} without a confirmed class unchanged"
    )
    for each in plan.classes:
        print_text(f"  {each.name} ({each.code})  {each.defects:,}")
    if words := unnamed_words(plan):
        print_text(words)
    if not args.dry_run:
        return
    for file in plan.files:
        print_text(f"{file.source}: {counted(len(file.lines), 'line')} would differ")
        for line, before, after in file.lines[:_SHOWN]:
            print_text(f"  {line}: - {before}")
            print_text(f"  {line}: + {after}")
        if len(file.lines) > _SHOWN:
            print_text(f"  and {len(file.lines) - _SHOWN:,} more")
