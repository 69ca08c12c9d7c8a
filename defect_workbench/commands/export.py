"""`export`: export a session as labelled folders or as slides, add to an earlier export, or undo one."""

from __future__ import annotations

import argparse
import os
from dataclasses import replace
from pathlib import Path

from defect_workbench.commands.shared.common_options import Commands, add_json, add_seed, check_seed
from defect_workbench.commands.shared.console import ConsoleReporter, print_json, print_text
from defect_workbench.commands.shared.klarf_output import add_klarf_output, run_klarf_output
from defect_workbench.commands.shared.result_options import (
    add_export_options,
    add_side_options,
    export_options_of,
    known_classes,
    plan_json,
    print_plan,
    print_side,
    side_json,
    side_table,
    write_or_plan,
)
from defect_workbench.core.errors import InputError
from defect_workbench.core.project.project_state import Project
from defect_workbench.core.text import counted
from defect_workbench.core.wafer.class_column import STANDARD_COLUMN
from defect_workbench.user_dirs import UserDirs
from defect_workbench.workflows.export import (
    SlidesRequest,
    check_out,
    check_slides,
    export_slides,
    undo,
)
from defect_workbench.workflows.open_project import open_session
from defect_workbench.workflows.side_table import join_side_table

_SHOWN = 10
# The options that slides and inspection files do not have.
_OF_FOLDERS = (
    "out", "undo", "seed", "mode", "split", "shares", "format", "confirmed", "add", "dry_run",
    "side_data", "name_column", "category",
)  # fmt: skip


def add(commands: Commands, places: UserDirs) -> None:
    """Add the command and its options."""
    parser = commands.add_parser(
        "export",
        help="export a session to labelled folders or slides, or undo an export",
        usage="defect-workbench export SESSION --out DIR [options]\n"
        "       defect-workbench export SESSION --slides FILE.pptx [--folder FOLDER] [--json]\n"
        "       defect-workbench export SESSION --klarf FILE [--klarf-column NAME] [--overlay] [--dry-run]\n"
        "       defect-workbench export --undo DIR [--dry-run] [--json]",
    )
    parser.add_argument("session", type=Path, nargs="?", metavar="SESSION", help="session file (.dwb)")
    parser.add_argument(
        "--out", type=Path, metavar="DIR", help="result folder: new or empty, or an earlier export with --add"
    )
    parser.add_argument(
        "--slides",
        type=Path,
        metavar="FILE.pptx",
        help="write slides (PowerPoint) to a new file: counts, dendrogram, and a slide per cluster with "
        "typical images and measurements",
    )
    parser.add_argument(
        "--undo",
        type=Path,
        metavar="DIR",
        help="remove what exports wrote to DIR, except files that were changed since",
    )
    parser.add_argument(
        "--folder", type=Path, metavar="FOLDER", help="folder that the images are in now, if they were moved"
    )
    add_seed(parser, "a random split")
    add_json(parser)
    add_export_options(parser, confirmed=True)
    add_side_options(parser)
    add_klarf_output(parser)
    defaults = {name: parser.get_default(name) for name in _OF_FOLDERS}
    parser.set_defaults(run=run, of_folders=defaults)


def run(args: argparse.Namespace, places: UserDirs, reporter: ConsoleReporter) -> int:
    """Export a session, or undo an export."""
    if args.klarf is not None:
        return _klarf(args, places, reporter)
    if args.klarf_column != STANDARD_COLUMN or args.overlay:
        raise InputError("--klarf-column and --overlay need --klarf FILE")
    if args.slides is not None:
        return _slides(args, places, reporter)
    if args.undo is not None:
        if args.session is not None or args.out is not None or args.add:
            raise InputError("--undo DIR cannot be combined with SESSION, --out or --add")
        return _undo(args, reporter)
    if args.session is None or args.out is None:
        raise InputError(
            "give SESSION and --out DIR, --slides FILE.pptx or --klarf FILE, or --undo DIR; "
            "see defect-workbench export --help"
        )
    return _export(args, places, reporter)


def _export(args: argparse.Namespace, places: UserDirs, reporter: ConsoleReporter) -> int:
    check_seed(args.seed)
    export_options = export_options_of(args, args.seed)
    project = _project(args)
    table = side_table(args)
    if table is not None:
        project = join_side_table(project, table, args.name_column, args.category)
    check_out(args.out, add=args.add)
    plan = write_or_plan(
        project, export_options, args, reporter, known_classes(places, reporter, "report has")
    )
    reporter.close()
    if args.json:
        count = sum(plan.folders.values())
        result = {"images": count, "dry_run": args.dry_run, **plan_json(plan)}
        result["side_data"] = side_json(project)
        print_json(result)
        return 0
    print_plan(project, plan, dry=args.dry_run, add=args.add)
    if table is not None:
        print_side(project)
    return 0


def _project(args: argparse.Namespace) -> Project:
    project = open_session(args.session)
    if args.folder is None:
        return project
    if not args.folder.is_dir():
        raise InputError(f"there is no folder {args.folder}")
    root = Path(os.path.abspath(args.folder))
    return replace(project, images=replace(project.images, root=root))


def _slides(args: argparse.Namespace, places: UserDirs, reporter: ConsoleReporter) -> int:
    given = [name for name, default in args.of_folders.items() if getattr(args, name) != default]
    if given:
        option = f"--{given[0].replace('_', '-')}"
        raise InputError(f"--slides cannot be combined with {option}; run the command once for each")
    if args.session is None:
        raise InputError("give SESSION and --slides FILE.pptx; see defect-workbench export --help")
    request = SlidesRequest(args.slides)
    check_slides(request)
    project = _project(args)
    request = replace(request, classes=known_classes(places, reporter, "slides have"))
    missing = export_slides(project, request, reporter)
    reporter.close()
    partition = project.partition
    if args.json:
        counts = {"clusters": len(partition.clusters), "outliers": len(partition.outliers)}
        print_json({"images": len(project.images), **counts, "slides": str(args.slides), "missing": missing})
        return 0
    images = counted(len(project.images), project.images.noun)
    print_text(
        f"{images} in {counted(len(partition.clusters), 'cluster')} and "
        f"{counted(len(partition.outliers), 'outlier')} written as slides to {args.slides}"
    )
    if missing:
        print_text(f"{counted(missing, 'image')} no longer in {project.images.root}")
    return 0


def _klarf(args: argparse.Namespace, places: UserDirs, reporter: ConsoleReporter) -> int:
    for name, default in args.of_folders.items():
        if name != "dry_run" and getattr(args, name) != default:
            raise InputError(
                f"--klarf cannot be combined with --{name.replace('_', '-')}; run the command once for each"
            )
    if args.slides is not None:
        raise InputError("--klarf cannot be combined with --slides; run the command once for each")
    if args.session is None:
        raise InputError("give SESSION and --klarf FILE; see defect-workbench export --help")
    return run_klarf_output(args, _project(args), places, reporter)


def _undo(args: argparse.Namespace, reporter: ConsoleReporter) -> int:
    undone = undo(args.undo, reporter, dry_run=args.dry_run)
    reporter.close()
    if args.json:
        result = {
            "removed": len(undone.removed),
            "changed": list(undone.changed),
            "missing": list(undone.missing),
            "foreign": list(undone.foreign),
            "bytes": undone.total_bytes,
            "dry_run": args.dry_run,
        }
        print_json(result)
        return 0
    would_be = "would be " if args.dry_run else ""
    print_text(
        f"{counted(len(undone.removed), 'file')}, {undone.total_bytes / 1e6:.1f} MB, "
        f"{would_be}removed from {args.undo}"
    )
    for description, paths in (
        ("kept, because changed since the export", undone.changed),
        ("already deleted or moved", undone.missing),
        ("kept, because not written by an export", undone.foreign),
    ):
        if paths:
            print_text(f"{counted(len(paths), 'file')} {description}:")
            for path in paths[:_SHOWN]:
                print_text(f"  {path}")
            if len(paths) > _SHOWN:
                print_text(f"  and {len(paths) - _SHOWN:,} more")
    return 0
