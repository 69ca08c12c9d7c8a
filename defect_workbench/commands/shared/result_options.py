"""Options of the commands that write a result folder, and the output about it."""

from __future__ import annotations

import argparse
import math
from collections.abc import Sequence
from pathlib import Path

from defect_workbench.commands.shared.common_options import add_mode
from defect_workbench.commands.shared.console import print_text
from defect_workbench.core.clustering.clustering_result import NO_GROUP
from defect_workbench.core.errors import InputError
from defect_workbench.core.progress import Reporter
from defect_workbench.core.project.class_library import ClassLibrary
from defect_workbench.core.project.project_state import Project
from defect_workbench.core.project.side_data import Table
from defect_workbench.core.text import counted
from defect_workbench.core.wafer.placement import PlacementFinding, Signature, summary_words
from defect_workbench.storage.class_library.class_file import LibraryFile
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
from defect_workbench.user_dirs import UserDirs
from defect_workbench.workflows.export import ExportRequest, export, plan
from defect_workbench.workflows.side_table import read_side_table

_COLLISIONS = 5


def add_export_options(parser: argparse.ArgumentParser, *, confirmed: bool) -> None:
    """Add the options for writing a result folder; `--confirmed` only if there can be decisions."""
    group = parser.add_argument_group("export")
    add_mode(group)
    group.add_argument(
        "--split",
        metavar="random|folder|column:NAME",
        help="split into train, val and test: random splits each label; folder and column:NAME (of the "
        "side data) keep images of one folder or of one value, such as a lot, together",
    )
    group.add_argument(
        "--shares",
        metavar="A/B/C",
        default="70/15/15",
        help="shares of train, val and test; default: 70/15/15",
    )
    group.add_argument(
        "--format",
        choices=ANNOTATION_FORMATS.names,
        action="append",
        default=[],
        help="also write annotations in this format; repeatable",
    )
    if confirmed:
        group.add_argument("--confirmed", action="store_true", help="export only confirmed clusters")
    group.add_argument("--add", action="store_true", help="add new images to the earlier export in DIR")
    group.add_argument(
        "--dry-run", action="store_true", help="show what would be done without changing any file"
    )


def add_side_options(parser: argparse.ArgumentParser) -> None:
    """Add the options for side data."""
    group = parser.add_argument_group("side data")
    group.add_argument(
        "--side-data", type=Path, metavar="FILE", help="table to join by file name, CSV or XLSX"
    )
    group.add_argument("--name-column", metavar="NAME", help="column of the file names; default: detected")
    group.add_argument(
        "--category",
        action="append",
        default=[],
        metavar="NAME",
        help="treat a column of numbers as categories, such as wafer numbers; repeatable",
    )


def side_table(args: argparse.Namespace) -> Table | None:
    """Return the table of `--side-data`, not joined yet."""
    if args.side_data is None:
        if args.name_column or args.category:
            raise InputError("--name-column and --category require --side-data FILE")
        return None
    return read_side_table(args.side_data)


def export_options_of(args: argparse.Namespace, seed: int) -> ExportOptions:
    """Return the export options of the command line."""
    split = None
    if args.split is not None:
        by = args.split
        if by not in (RANDOM, FOLDER) and not (by.startswith(COLUMN) and len(by) > len(COLUMN)):
            raise InputError(f"--split {by}: give random, folder, or column:NAME of the side data")
        split = Split(by, _shares(args.shares), seed)
    formats = tuple(dict.fromkeys(args.format))
    if args.add and (split or formats or getattr(args, "confirmed", False)):
        raise InputError(
            "--add uses the split, formats and clusters of the earlier export; leave those options out"
        )
    return ExportOptions(split, formats, getattr(args, "confirmed", False))


def _shares(text: str) -> tuple[float, float, float]:
    try:
        train, val, test = (float(part) for part in text.split("/"))
    except ValueError:
        train = val = test = -1.0
    shares = (train, val, test)
    if not all(0 <= share < 1e9 for share in shares) or train <= 0 or val + test <= 0:
        raise InputError(f"--shares {text}: give three numbers, such as 70/15/15")
    return shares


def known_classes(places: UserDirs, reporter: Reporter, what: str) -> ClassLibrary:
    """Return the class library; without one that can be read, say what lacks the definitions."""
    try:
        return LibraryFile(places.classes).load()
    except InputError as error:
        reporter.warn(f"the {what} no definitions: {error}")
        return ClassLibrary()


def write_or_plan(
    project: Project,
    options: ExportOptions,
    args: argparse.Namespace,
    reporter: Reporter,
    classes: ClassLibrary | None = None,
    placement: Sequence[PlacementFinding] | None = None,
) -> Plan:
    """Write the result folder or, with `--dry-run`, return only the plan for it."""
    maps, classes = getattr(args, "maps", False), classes or ClassLibrary()
    request = ExportRequest(args.out, Mode(args.mode), options, args.add, maps, classes)
    if args.dry_run:
        return plan(project, request)
    return export(project, request, reporter, placement=placement)


def plan_json(planned: Plan) -> dict[str, object]:
    """Return a plan for the JSON output."""
    return {
        "out": str(planned.out),
        "folders": dict(planned.folders),
        "bytes": planned.total_bytes,
        "collisions": [list(pair) for pair in planned.collisions],
        "already": len(planned.already),
        "notes": list(planned.notes),
    }


def print_plan(project: Project, planned: Plan, *, dry: bool, add: bool = False) -> None:
    """Print the counts, the size, renamed files and notes of a plan."""
    would_be = "would be " if dry else ""
    clusters = counted(len(project.partition.clusters), "cluster")
    outliers = counted(len(project.partition.outliers), "outlier")
    if groups := project.partition.outlier_group_count:
        grouped = int((project.partition.outlier_groups != NO_GROUP).sum())
        outliers += f" ({grouped:,} of them in {counted(groups, 'outlier group')})"
    size = f"{planned.total_bytes / 1e6:.1f} MB"
    if add:
        images = counted(len(planned.manifest), "new image")
        print_text(f"{images}, {size}, {would_be}added to {planned.out}")
        if planned.already:
            print_text(f"{counted(len(planned.already), 'image')} skipped: already in the export")
    else:
        print_text(
            f"{counted(len(project.images), project.images.noun)} in {clusters} and {outliers}, {size}, "
            f"{would_be}written to {planned.out}"
        )
    for folder, count in planned.folders.items():
        print_text(f"  {folder:<24} {count:>7,}")
    if planned.collisions:
        print_text(f"{counted(len(planned.collisions), 'file')} renamed, because the name is already used:")
        for path, exported in planned.collisions[:_COLLISIONS]:
            print_text(f"  {path} -> {exported}")
    for note in planned.notes:
        print_text(f"note: {note}")
    if planned.missing:
        print_text(f"{counted(len(planned.missing), 'image')} cannot be read; first: {planned.missing[0]}")


def print_placement(placement: Sequence[PlacementFinding]) -> None:
    """Print which clusters lie differently on the wafers than the other defects, if places are known."""
    if not placement:
        return
    print_text(f"placement: {summary_words(placement)}")
    for each in placement:
        if each.remarkable:
            print_text(f"  {each.sentence}; {each.effect}" if each.effect else f"  {each.sentence}")


def placement_json(placement: Sequence[PlacementFinding]) -> list[dict[str, object]]:
    """Return how clusters lie on the wafers for the JSON output.

    With too few defects for a test, `p` and whether the placement differs are null.
    """
    return [
        {
            "label": each.label,
            "defects": each.defects,
            "where": each.words,
            "effect": each.effect,
            "p": None if math.isnan(each.p) else each.p,
            "differs": None if each.signature is Signature.FEW else each.remarkable,
        }
        for each in placement
    ]


def print_side(project: Project) -> None:
    """Print how the side data was joined, and which columns are associated with the clusters."""
    from defect_workbench.engine.clustering.association import associations

    side = project.side
    if side is None:
        return
    without = side.without_row(project.images)
    print_text(
        f"side data {side.source}: {counted(sum(side.joined), 'image')} matched by column {side.name_column}"
    )
    if side.without_image:
        print_text(f"  rows without an image: {len(side.without_image):,}; first: {side.without_image[0]}")
    if without:
        print_text(f"  images without a row: {len(without):,}; first: {without[0]}")
    for remark in side.remarks:
        print_text(f"  {remark}")
    for association in associations(project):
        print_text(f"  {association.reading}")


def side_json(project: Project) -> dict[str, object] | None:
    """Return the side data and its associations for the JSON output."""
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
                "column": association.column,
                "kind": association.kind,
                "test": association.test,
                "statistic": number(association.statistic),
                "p_value": number(association.p_value),
                "effect": number(association.effect),
                "images": association.images,
                "reading": association.reading,
            }
            for association in associations(project)
        ],
    }
