"""Options that the commands about single defects share."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from defect_workbench.core.errors import InputError
from defect_workbench.storage.boxes.box_folder import AUTO, BoxProblem
from defect_workbench.storage.boxes.formats.registry import BOX_FORMATS

_MOST_PROBLEMS = 1000
# The figures of a detector, in the order in which they are printed.
FIGURES = {
    "ap": "average precision, IoU .50 to .95",
    "ap50": "average precision, IoU .50",
    "ap33": "average precision, IoU .33",
    "recall": "defects found, IoU .33",
    "precision": "detections that are defects, IoU .33",
    "count_mae": "count: mean absolute error",
    "count_exact": "count: share of exact ones",
    "count_bias": "count: mean error",
    "median_guess_mae": "count: mean absolute error of always guessing the median",
}


def add_references(parser: argparse.ArgumentParser) -> None:
    """Add the golden references."""
    parser.add_argument(
        "--reference",
        type=Path,
        metavar="DIR",
        help="golden references: the defect-free image of each image, with the same relative path or file "
        "name. They are aligned and subtracted",
    )


def add_detector(parser: argparse.ArgumentParser) -> None:
    """Add the options that choose how defects are found."""
    add_references(parser)
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
