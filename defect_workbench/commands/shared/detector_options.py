"""Options that the commands about single defects share."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from defect_workbench.core.errors import InputError
from defect_workbench.storage.boxes.box_folder import AUTO, BoxProblem
from defect_workbench.storage.boxes.formats.registry import BOX_FORMATS

_MOST_PROBLEMS = 1000


def add_folder_and_references(parser: argparse.ArgumentParser) -> None:
    """Add the images and their golden references."""
    parser.add_argument("folder", type=Path, metavar="FOLDER", help="folder of images")
    parser.add_argument(
        "--reference",
        type=Path,
        metavar="DIR",
        help="golden references: the defect-free image of each image, with the same relative path or file "
        "name. They are aligned and subtracted",
    )


def add_detector(parser: argparse.ArgumentParser) -> None:
    """Add the options that choose how defects are found."""
    add_folder_and_references(parser)
    parser.add_argument(
        "--model",
        type=Path,
        metavar="MODEL",
        help="detector of train-detector; default: the classical finder, which needs no training. A detector "
        "that was trained with golden references needs --reference",
    )


def add_box_options(parser: argparse.ArgumentParser) -> None:
    """Add the options that say where boxes are."""
    parser.add_argument(
        "--boxes",
        type=Path,
        required=True,
        metavar="DIR",
        help="folder of box files with the relative paths or file names of the images, or one file for all",
    )
    parser.add_argument(
        "--format",
        choices=[AUTO, *BOX_FORMATS.names],
        default=AUTO,
        help=f"format of the boxes; default: auto, recognised from the files. {format_names()}",
    )


def format_names() -> str:
    """Return the formats of box files for a help text."""
    return ", ".join(f"{entry.name}: {entry.label}" for entry in BOX_FORMATS)


def check_references(args: argparse.Namespace) -> None:
    """Reject a folder of references that does not exist.

    Raises
    ------
    InputError
        If it does not exist.
    """
    if args.reference is not None and not args.reference.is_dir():
        raise InputError(f"--reference {args.reference}: there is no such folder")


def problems_json(problems: Sequence[BoxProblem]) -> dict[str, object]:
    """Return what could not be used in box files for the JSON output."""
    return {
        "problems": [
            {"file": p.file, "line": p.line or None, "reason": p.reason} for p in problems[:_MOST_PROBLEMS]
        ],
        "problem_count": len(problems),
    }
