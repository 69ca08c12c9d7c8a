"""`export`: a session's labelled folders, added to an earlier export, or undone."""

from __future__ import annotations

import argparse
import os
from dataclasses import replace
from pathlib import Path

from defect_workbench.commands.shared.common_options import Commands, add_json, add_seed, check_seed
from defect_workbench.commands.shared.console import ConsoleReporter, say, say_json
from defect_workbench.commands.shared.result_options import (
    add_export_options,
    add_side_options,
    plan_json,
    print_plan,
    print_side,
    profile_of,
    side_json,
    side_table,
    write_or_plan,
)
from defect_workbench.core.errors import InputError
from defect_workbench.user_dirs import UserDirs
from defect_workbench.workflows.export import check_out, undo
from defect_workbench.workflows.open_project import open_session
from defect_workbench.workflows.side_table import join_side_table

_SHOWN = 10


def add(commands: Commands, places: UserDirs) -> None:
    """Its options."""
    parser = commands.add_parser(
        "export",
        help="a session's labelled folders; or undo an export",
        usage="defect-workbench export SESSION --out DIR [options]\n"
        "       defect-workbench export --undo DIR [--dry-run] [--json]",
    )
    parser.add_argument("session", type=Path, nargs="?", metavar="SESSION")
    parser.add_argument("--out", type=Path, metavar="DIR", help="absent or empty, or an export to --add to")
    parser.add_argument("--undo", type=Path, metavar="DIR", help="remove exactly what exports wrote into DIR")
    parser.add_argument("--folder", type=Path, metavar="FOLDER", help="where the images are now")
    add_seed(parser, "of a split")
    add_json(parser)
    add_export_options(parser, confirmed=True)
    add_side_options(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace, places: UserDirs, reporter: ConsoleReporter) -> int:
    """Export, or undo."""
    if args.undo is not None:
        if args.session is not None or args.out is not None or args.add:
            raise InputError("--undo DIR stands alone; it needs no session and no --out")
        return _undo(args, reporter)
    if args.session is None or args.out is None:
        raise InputError("give SESSION and --out DIR, or --undo DIR; see defect-workbench export --help")
    return _export(args, reporter)


def _export(args: argparse.Namespace, reporter: ConsoleReporter) -> int:
    check_seed(args.seed)
    profile = profile_of(args, args.seed)
    project = open_session(args.session)
    if args.folder is not None:
        if not args.folder.is_dir():
            raise InputError(f"there is no folder {args.folder}")
        images = project.images
        root = Path(os.path.abspath(args.folder))
        project = replace(project, images=replace(images, root=root))
    table = side_table(args)
    if table is not None:
        project = join_side_table(project, table, args.name_column, args.category)
    check_out(args.out, add=args.add)
    plan = write_or_plan(project, profile, args, reporter)
    reporter.close()
    if args.json:
        count = sum(plan.folders.values())
        result = {"images": count, "dry_run": args.dry_run, **plan_json(plan)}
        result["side_data"] = side_json(project)
        say_json(result)
        return 0
    print_plan(project, plan, dry=args.dry_run, add=args.add)
    if table is not None:
        print_side(project)
    return 0


def _undo(args: argparse.Namespace, reporter: ConsoleReporter) -> int:
    found = undo(args.undo, reporter, dry_run=args.dry_run)
    reporter.close()
    if args.json:
        result = {
            "removed": len(found.removed),
            "changed": list(found.changed),
            "missing": list(found.missing),
            "foreign": list(found.foreign),
            "bytes": found.total_bytes,
            "dry_run": args.dry_run,
        }
        say_json(result)
        return 0
    verb = "would be removed from" if args.dry_run else "removed from"
    say(f"{len(found.removed):,} files, {found.total_bytes / 1e6:.1f} MB, {verb} {args.undo}")
    for words, paths in (
        ("were changed since and stay", found.changed),
        ("were gone already", found.missing),
        ("are not of the export and stay", found.foreign),
    ):
        if paths:
            say(f"{len(paths):,} {words}:")
            for path in paths[:_SHOWN]:
                say(f"  {path}")
            if len(paths) > _SHOWN:
                say(f"  and {len(paths) - _SHOWN:,} more")
    return 0
