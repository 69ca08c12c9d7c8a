"""Options that several commands take, each declared once."""

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
    """--json."""
    parser.add_argument("--json", action="store_true", help="one JSON object on standard output")


def add_offline(parser: argparse.ArgumentParser) -> None:
    """--offline."""
    parser.add_argument("--offline", action="store_true", help="never fetch weights")


def add_precision(parser: argparse.ArgumentParser) -> None:
    """--precision."""
    parser.add_argument(
        "--precision",
        choices=[_ANY_PRECISION, *(precision.value for precision in Precision)],
        default=_ANY_PRECISION,
        help="of the network",
    )


def add_store(parser: argparse.ArgumentParser, default: Path | None) -> None:
    """--store; required where there is no default."""
    parser.add_argument(
        "--store",
        type=Path,
        metavar="DIR",
        default=default,
        required=default is None,
        help="feature store to use",
    )


def add_mode(parser: argparse._ActionsContainer) -> None:
    """--mode."""
    parser.add_argument(
        "--mode",
        choices=[mode.value for mode in Mode],
        default=Mode.COPY.value,
        help="how images get into DIR; default: copy",
    )


def add_seed(parser: argparse.ArgumentParser, purpose: str | None = None) -> None:
    """--seed."""
    parser.add_argument("--seed", type=int, default=0, metavar="N", help=purpose)


def check_seed(seed: int) -> None:
    """Refuse a seed that no generator takes.

    Raises
    ------
    InputError
    """
    if seed < 0:
        raise InputError("--seed must not be negative")
    if seed >= 2**32:
        raise InputError("--seed must be below 4,294,967,296")


def feature_options(
    args: argparse.Namespace, places: UserDirs, processing: Preprocessing = DEFAULT
) -> FeatureOptions:
    """How features are made, as --store, --offline and --precision (where there is one) say."""
    precision = getattr(args, "precision", _ANY_PRECISION)
    return FeatureOptions(
        args.store,
        places.weights,
        args.offline,
        None if precision == _ANY_PRECISION else precision,
        processing,
    )
