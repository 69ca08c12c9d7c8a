"""Options that the commands about single defects share."""

from __future__ import annotations

import argparse
from pathlib import Path

from defect_workbench.core.errors import InputError


def add_detector(parser: argparse.ArgumentParser) -> None:
    """Add the options that choose how defects are found."""
    parser.add_argument("folder", type=Path, metavar="FOLDER", help="folder of images")
    parser.add_argument(
        "--reference",
        type=Path,
        metavar="DIR",
        help="golden references: the defect-free image of each image, with the same relative path or file "
        "name. They are aligned and subtracted",
    )
    parser.add_argument("--model", type=Path, metavar="MODEL", help="trained detector; not available yet")


def check_detector(args: argparse.Namespace) -> None:
    """Reject a trained detector, and a folder of references that does not exist.

    Raises
    ------
    InputError
        If either is the case.
    """
    if args.model is not None:
        raise InputError(
            f"--model {args.model}: this version has no trained detectors; leave --model out to use the "
            "classical finder, which needs no training"
        )
    if args.reference is not None and not args.reference.is_dir():
        raise InputError(f"--reference {args.reference}: there is no such folder")
