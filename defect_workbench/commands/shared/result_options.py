"""What the commands that write a result folder share."""

from __future__ import annotations

import argparse
import math
import os
from pathlib import Path
from typing import TYPE_CHECKING

from defect_workbench.commands.shared.console import say
from defect_workbench.core.errors import InputError, WorkbenchError, concerning
from defect_workbench.core.progress import Reporter
from defect_workbench.core.project.project_state import Project
from defect_workbench.core.project.side_data import Table
from defect_workbench.storage.result.annotation_formats.registry import ANNOTATION_FORMATS
from defect_workbench.storage.result.export_options import Mode

if TYPE_CHECKING:
    from defect_workbench.storage.result.export_options import Profile
    from defect_workbench.storage.result.result_folder import Plan

_COLLISIONS = 5


def add_export_options(parser: argparse.ArgumentParser, *, confirmed: bool) -> None:
    """Options of whatever writes a result folder; `confirmed` where there can be decisions."""
    group = parser.add_argument_group("export")
    group.add_argument("--mode", choices=[mode.value for mode in Mode], default=Mode.COPY.value)
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


def read_side_table(args: argparse.Namespace) -> Table | None:
    """The side data of the command line, not joined yet."""
    from defect_workbench.storage.session.table_reader import read_table

    if args.side_data is None:
        if args.name_column or args.category:
            raise InputError("--name-column and --category belong to --side-data FILE")
        return None
    with concerning(args.side_data):
        return read_table(args.side_data)


def profile_of(args: argparse.Namespace, seed: int) -> Profile:
    """The export profile of the command line."""
    from defect_workbench.storage.result.export_options import COLUMN, FOLDER, RANDOM, Profile, Split

    split = None
    if args.split is not None:
        by = args.split
        if by not in (RANDOM, FOLDER) and not (by.startswith(COLUMN) and len(by) > len(COLUMN)):
            raise InputError(f"--split {by}: give random, folder, or column:NAME of the side data")
        split = Split(by, _shares(args.shares), seed)
    formats = tuple(dict.fromkeys(args.format))
    if args.add and (split or formats or getattr(args, "confirmed", False)):
        raise InputError("--add keeps to the split and formats of the earlier export; leave them out")
    return Profile(split, formats, getattr(args, "confirmed", False))


def _shares(text: str) -> tuple[float, float, float]:
    try:
        train, val, test = (float(part) for part in text.split("/"))
    except ValueError:
        train = val = test = -1.0
    shares = (train, val, test)
    if not all(0 <= share < 1e9 for share in shares) or train <= 0 or val + test <= 0:
        raise InputError(f"--shares {text}: give three numbers such as 70/15/15")
    return shares


def check_out(out: Path, *, add: bool, store: Path | None = None) -> None:
    """Refuse a result folder early, before any work; the feature store may not be in it."""
    from defect_workbench.storage.files.staging import recover
    from defect_workbench.storage.result.receipt import read_receipt
    from defect_workbench.storage.result.result_folder import check_target

    if add:
        if out.is_dir():
            recover(out)
        read_receipt(out)
    else:
        check_target(out)
    if store is not None and Path(os.path.realpath(store)).is_relative_to(os.path.realpath(out)):
        raise InputError(f"--store {store} lies in --out {out}; name a folder outside it")
    there = Path(os.path.abspath(out))
    while not os.path.lexists(there):
        there = there.parent
    if not os.path.isdir(there) or not os.access(there, os.W_OK | os.X_OK):
        raise WorkbenchError(f"{out} cannot be made: {there} is not writable")


def write_or_plan(project: Project, profile: Profile, args: argparse.Namespace, reporter: Reporter) -> Plan:
    """Write the result folder; with --dry-run, only find out what would be written."""
    from defect_workbench.engine.input.thumbnail import thumbnail
    from defect_workbench.storage.result.result_folder import Mode, export, plan_export
    from defect_workbench.workflows.run_info import report_facts, report_tables

    if args.dry_run:
        return plan_export(project, args.out, profile, add=args.add)
    return export(
        project,
        args.out,
        Mode(args.mode),
        report_facts(project),
        thumbnail,
        reporter,
        profile=profile,
        tables=report_tables(project),
        add=args.add,
    )


def plan_json(plan: Plan) -> dict[str, object]:
    """A plan as the JSON output has it."""
    return {
        "out": str(plan.out),
        "folders": dict(plan.folders),
        "bytes": plan.total_bytes,
        "collisions": [list(pair) for pair in plan.collisions],
        "already": len(plan.already),
        "notes": list(plan.notes),
    }


def print_plan(project: Project, plan: Plan, *, dry: bool, add: bool = False) -> None:
    """Counts, bytes, collisions and what else there is to know."""
    verb = "would be" if dry else ""
    clusters, outliers = len(project.partition.clusters), len(project.partition.outliers)
    size = f"{plan.total_bytes / 1e6:.1f} MB"
    if add:
        count = len(plan.manifest)
        say(f"{count:,} new images, {size}, {verb} added to {plan.out}".replace("  ", " "))
        if plan.already:
            say(f"{len(plan.already):,} images are there already; they are not added again")
    else:
        say(
            f"{len(project.images):,} images in {clusters} clusters and {outliers} outliers, {size}, "
            f"{verb} written to {plan.out}".replace("  ", " ")
        )
    for folder, count in plan.folders.items():
        say(f"  {folder:<24} {count:>7,}")
    if plan.collisions:
        say(f"{len(plan.collisions):,} files get another name, as theirs is taken:")
        for path, exported in plan.collisions[:_COLLISIONS]:
            say(f"  {path} -> {exported}")
    for note in plan.notes:
        say(f"note: {note}")
    if plan.missing:
        say(f"{len(plan.missing):,} images can no longer be read; the first, {plan.missing[0]}")


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
