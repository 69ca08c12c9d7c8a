"""What the commands that write a result folder share."""

from __future__ import annotations

import argparse
import math
from pathlib import Path

from defect_workbench.commands.shared.common_options import add_mode
from defect_workbench.commands.shared.console import say
from defect_workbench.core.errors import InputError
from defect_workbench.core.progress import Reporter
from defect_workbench.core.project.project_state import Project
from defect_workbench.core.project.side_data import Table
from defect_workbench.storage.result.annotation_formats.registry import ANNOTATION_FORMATS
from defect_workbench.storage.result.export_options import (
    COLUMN,
    FOLDER,
    RANDOM,
    ExportOptions,
    Mode,
    Split,
)
from defect_workbench.storage.result.result_folder import Plan
from defect_workbench.workflows.export import ExportRequest, export, plan
from defect_workbench.workflows.side_table import read_side_table

_COLLISIONS = 5


def add_export_options(parser: argparse.ArgumentParser, *, confirmed: bool) -> None:
    """Options of whatever writes a result folder; `confirmed` where there can be decisions."""
    group = parser.add_argument_group("export")
    add_mode(group)
    group.add_argument(
        "--split",
        metavar="random|folder|column:NAME",
        help="into train, val and test: at random in each label, or whole folders or lots (a column of "
        "the side data) together",
    )
    group.add_argument("--shares", metavar="A/B/C", default="70/15/15", help="of train, val and test")
    group.add_argument(
        "--format",
        choices=ANNOTATION_FORMATS.names,
        action="append",
        default=[],
        help="annotation files; repeatable",
    )
    if confirmed:
        group.add_argument("--confirmed", action="store_true", help="only clusters a person has confirmed")
    group.add_argument("--add", action="store_true", help="add new images to an earlier export in DIR")
    group.add_argument("--dry-run", action="store_true", help="say what would be written, write nothing")


def add_side_options(parser: argparse.ArgumentParser) -> None:
    """Options for side data."""
    group = parser.add_argument_group("side data")
    group.add_argument("--side-data", type=Path, metavar="FILE", help="CSV or XLSX, joined by file name")
    group.add_argument("--name-column", metavar="NAME", help="the column of file names; default: found")
    group.add_argument(
        "--category",
        action="append",
        default=[],
        metavar="NAME",
        help="take a column of numbers as categories, such as wafers; repeatable",
    )


def side_table(args: argparse.Namespace) -> Table | None:
    """The side data of the command line, not joined yet."""
    if args.side_data is None:
        if args.name_column or args.category:
            raise InputError("--name-column and --category belong to --side-data FILE")
        return None
    return read_side_table(args.side_data)


def profile_of(args: argparse.Namespace, seed: int) -> ExportOptions:
    """The export profile of the command line."""
    split = None
    if args.split is not None:
        by = args.split
        if by not in (RANDOM, FOLDER) and not (by.startswith(COLUMN) and len(by) > len(COLUMN)):
            raise InputError(f"--split {by}: give random, folder, or column:NAME of the side data")
        split = Split(by, _shares(args.shares), seed)
    formats = tuple(dict.fromkeys(args.format))
    if args.add and (split or formats or getattr(args, "confirmed", False)):
        raise InputError("--add keeps to the split and formats of the earlier export; leave them out")
    return ExportOptions(split, formats, getattr(args, "confirmed", False))


def _shares(text: str) -> tuple[float, float, float]:
    try:
        train, val, test = (float(part) for part in text.split("/"))
    except ValueError:
        train = val = test = -1.0
    shares = (train, val, test)
    if not all(0 <= share < 1e9 for share in shares) or train <= 0 or val + test <= 0:
        raise InputError(f"--shares {text}: give three numbers such as 70/15/15")
    return shares


def write_or_plan(
    project: Project, profile: ExportOptions, args: argparse.Namespace, reporter: Reporter
) -> Plan:
    """Write the result folder; with --dry-run, only find out what would be written."""
    request = ExportRequest(args.out, Mode(args.mode), profile, args.add)
    return plan(project, request) if args.dry_run else export(project, request, reporter)


def plan_json(planned: Plan) -> dict[str, object]:
    """A plan as the JSON output has it."""
    return {
        "out": str(planned.out),
        "folders": dict(planned.folders),
        "bytes": planned.total_bytes,
        "collisions": [list(pair) for pair in planned.collisions],
        "already": len(planned.already),
        "notes": list(planned.notes),
    }


def print_plan(project: Project, planned: Plan, *, dry: bool, add: bool = False) -> None:
    """Counts, bytes, collisions and what else there is to know."""
    verb = "would be" if dry else ""
    clusters, outliers = len(project.partition.clusters), len(project.partition.outliers)
    size = f"{planned.total_bytes / 1e6:.1f} MB"
    if add:
        count = len(planned.manifest)
        say(f"{count:,} new images, {size}, {verb} added to {planned.out}".replace("  ", " "))
        if planned.already:
            say(f"{len(planned.already):,} images are there already; they are not added again")
    else:
        say(
            f"{len(project.images):,} images in {clusters} clusters and {outliers} outliers, {size}, "
            f"{verb} written to {planned.out}".replace("  ", " ")
        )
    for folder, count in planned.folders.items():
        say(f"  {folder:<24} {count:>7,}")
    if planned.collisions:
        say(f"{len(planned.collisions):,} files get another name, as theirs is taken:")
        for path, exported in planned.collisions[:_COLLISIONS]:
            say(f"  {path} -> {exported}")
    for note in planned.notes:
        say(f"note: {note}")
    if planned.missing:
        say(f"{len(planned.missing):,} images can no longer be read; the first, {planned.missing[0]}")


def print_side(project: Project) -> None:
    """What was joined, and what goes together with the clusters."""
    from defect_workbench.engine.clustering.association import associations

    side = project.side
    if side is None:
        return
    without = side.without_row(project.images)
    say(f"side data {side.source}: {sum(side.joined):,} images have a row (by {side.name_column})")
    if side.without_image:
        say(f"  rows without an image: {len(side.without_image):,}; the first, {side.without_image[0]}")
    if without:
        say(f"  images without a row: {len(without):,}; the first, {without[0]}")
    for remark in side.remarks:
        say(f"  {remark}")
    for found in associations(project):
        say(f"  {found.reading}")


def side_json(project: Project) -> dict[str, object] | None:
    """The side data as the JSON output has it."""
    from defect_workbench.engine.clustering.association import associations

    side = project.side
    if side is None:
        return None

    def number(value: float) -> float | None:
        return value if math.isfinite(value) else None

    return {
        "source": side.source,
        "name_column": side.name_column,
        "rows_without_image": list(side.without_image),
        "images_without_row": list(side.without_row(project.images)),
        "remarks": list(side.remarks),
        "associations": [
            {
                "column": found.column,
                "kind": found.kind,
                "test": found.test,
                "statistic": number(found.statistic),
                "p_value": number(found.p_value),
                "effect": number(found.effect),
                "images": found.images,
                "reading": found.reading,
            }
            for found in associations(project)
        ],
    }
