"""Options that several commands have, each declared once."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TypeAlias

from defect_workbench.core.errors import InputError
from defect_workbench.core.images.preprocessing_steps import DEFAULT, Preprocessing
from defect_workbench.engine.backbone.network import Precision
from defect_workbench.storage.result.export_options import Mode
from defect_workbench.user_dirs import UserDirs
from defect_workbench.workflows.extract import FeatureOptions

Commands: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"

_ANY_PRECISION = "auto"


def add_json(parser: argparse.ArgumentParser) -> None:
    """Add `--json`."""
    parser.add_argument("--json", action="store_true", help="print the result as one JSON object")


def add_offline(parser: argparse.ArgumentParser) -> None:
    """Add `--offline`."""
    parser.add_argument("--offline", action="store_true", help="do not download network weights")


def add_precision(parser: argparse.ArgumentParser) -> None:
    """Add `--precision`."""
    parser.add_argument(
        "--precision",
        choices=[_ANY_PRECISION, *(precision.value for precision in Precision)],
        default=_ANY_PRECISION,
        help="numeric precision of the network; default: auto, the fastest that the device supports natively",
    )


def add_store(parser: argparse.ArgumentParser, default: Path | None) -> None:
    """Add `--store`; it is required if there is no default."""
    parser.add_argument(
        "--store",
        type=Path,
        metavar="DIR",
        default=default,
        required=default is None,
        help="feature store" if default is None else f"feature store; default: {default}".replace("%", "%%"),
    )


def add_false_alarms(parser: argparse.ArgumentParser, default_text: str, default: float | None) -> None:
    """Add `--false-alarms`; `check_false_alarms` checks its range."""
    parser.add_argument(
        "--false-alarms",
        type=float,
        default=default,
        metavar="P",
        help=f"flag at most this share of known images as unknown, 0.02 being 2%%; {default_text}",
    )


def add_mode(parser: argparse._ActionsContainer) -> None:
    """Add `--mode`."""
    parser.add_argument(
        "--mode",
        choices=[mode.value for mode in Mode],
        default=Mode.COPY.value,
        help="whether the result folder gets copies of the images or links to them; default: copy",
    )


def add_seed(parser: argparse.ArgumentParser, purpose: str) -> None:
    """Add `--seed`; `purpose` is what the random numbers are for."""
    parser.add_argument("--seed", type=int, default=0, metavar="N", help=f"seed for {purpose}; default: 0")


def check_seed(seed: int) -> None:
    """Check that the seed is within the range of the random number generators.

    Raises
    ------
    InputError
        If it is not.
    """
    if seed < 0:
        raise InputError("--seed must not be negative")
    if seed >= 2**32:
        raise InputError("--seed must be below 4,294,967,296")


def feature_options(
    args: argparse.Namespace, places: UserDirs, processing: Preprocessing = DEFAULT
) -> FeatureOptions:
    """Return the feature options for `--store`, `--offline` and, if the command has it, `--precision`."""
    precision = getattr(args, "precision", _ANY_PRECISION)
    return FeatureOptions(
        args.store,
        places.weights,
        args.offline,
        None if precision == _ANY_PRECISION else precision,
        processing,
    )
