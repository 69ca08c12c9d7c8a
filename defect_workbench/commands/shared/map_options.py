"""Options for grouping by the defect, and the output about defect maps."""

from __future__ import annotations

import argparse
import os
from dataclasses import replace
from pathlib import Path

from defect_workbench.commands.shared.console import print_text
from defect_workbench.core.clustering.clustering_result import Settings
from defect_workbench.core.clustering.group_by import GroupBy
from defect_workbench.core.errors import InputError
from defect_workbench.core.images.defect_items import Items
from defect_workbench.core.images.defect_maps import SOURCE_LABELS
from defect_workbench.core.project.project_state import Project
from defect_workbench.core.text import counted


def add_map_options(parser: argparse.ArgumentParser) -> None:
    """Add the options for defect maps."""
    group = parser.add_argument_group("defects")
    group.add_argument(
        "--group-by",
        choices=[str(each) for each in GroupBy],
        default=str(GroupBy.AUTO),
        help="group by the whole picture, by its defect alone, or by both; auto (the default) decides from "
        "the images",
    )
    group.add_argument(
        "--reference",
        type=Path,
        metavar="DIR",
        help="golden references: the defect-free image of each image, with the same relative path or file "
        "name",
    )
    group.add_argument(
        "--clean", type=Path, metavar="DIR", help="images of the same kind without defects, 20 or more"
    )
    group.add_argument(
        "--items",
        choices=[str(each) for each in Items],
        default=str(Items.PICTURES),
        help="what to group: whole images (pictures, the default), or each defect that is found in them",
    )
    group.add_argument(
        "--maps", action="store_true", help="also write each image's defect map, as DIR/_maps/PATH.png"
    )


def with_map_settings(settings: Settings, args: argparse.Namespace) -> Settings:
    """Return settings with what the options say about defects.

    Raises
    ------
    InputError
        If a folder does not exist, or both kinds are given.
    """
    if args.reference is not None and args.clean is not None:
        raise InputError("--reference and --clean: give one of them; golden references tell more")
    for option, folder in (("--reference", args.reference), ("--clean", args.clean)):
        if folder is not None and not folder.is_dir():
            raise InputError(f"{option} {folder}: there is no such folder")

    def absolute(folder: Path | None) -> str:
        return "" if folder is None else os.path.abspath(folder)

    return replace(
        settings,
        group_by=GroupBy(args.group_by),
        reference=absolute(args.reference),
        clean=absolute(args.clean),
        items=Items(args.items),
    )


def map_json(project: Project) -> dict[str, object]:
    """Return what the images are grouped by, and the source of their maps, for the JSON output."""
    choice = project.analysis.group_by
    return {
        "group_by": {"chosen": str(choice.chosen), "why": choice.why},
        "map_source": None if project.maps is None else str(project.maps.source),
    }


def print_items(project: Project) -> None:
    """Print in how many images single defects were found, if they are the items."""
    searched = project.images.searched
    if searched:
        clean = sum(not each.defects for each in searched)
        found = f"{counted(len(project.images), 'defect')} in {counted(len(searched), 'image')}"
        print_text(f"{found}, {clean:,} of them without one")


def print_group_by(project: Project, *, maps: bool) -> None:
    """Print what the images are grouped by, and why."""
    choice = project.analysis.group_by
    source = "" if project.maps is None else f" (maps from {SOURCE_LABELS[project.maps.source]})"
    print_text(f"grouped by: {choice.chosen}{source}: {choice.why}")
    if maps and project.maps is None:
        print_text("note: no defect maps were written, as none were needed; --group-by both makes them")
