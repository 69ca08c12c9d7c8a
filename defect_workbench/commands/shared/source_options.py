"""The options that say which images a command works on: those of a folder or of inspection files."""

from __future__ import annotations

import argparse
from pathlib import Path

from defect_workbench.core.wafer.picture_choice import ALL, AUTO, FIRST, NONE, PictureChoice
from defect_workbench.workflows.klarf.image_listing import ImageSource


def add_source(parser: argparse.ArgumentParser) -> None:
    """Add FOLDER and the options about inspection files."""
    parser.add_argument(
        "folder", type=Path, metavar="FOLDER", help="folder of images, or an inspection file (KLARF)"
    )
    group = parser.add_argument_group("inspection files (KLARF)")
    group.add_argument(
        "--klarf",
        action="store_true",
        help="FOLDER contains inspection files; use the images that they name",
    )
    group.add_argument(
        "--klarf-pictures",
        default=FIRST,
        metavar=f"{FIRST}|{ALL}|KIND",
        help="which pictures of a defect are used: the first that is not its reference (the default), all of "
        "these, or a kind as the file names it",
    )
    group.add_argument(
        "--klarf-reference",
        default=AUTO,
        metavar=f"{AUTO}|{NONE}|KIND",
        help="which kind of pictures are golden references: the one whose name says so (auto, the default), "
        "none, or a kind as the file names it",
    )


def source_of(args: argparse.Namespace) -> ImageSource:
    """Return the images that the command line names."""
    return ImageSource(args.folder, args.klarf, PictureChoice(args.klarf_pictures, args.klarf_reference))
