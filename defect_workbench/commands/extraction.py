"""Features of a folder, as `extract`, `cluster` and others begin."""

from __future__ import annotations

import argparse
import os
import time
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from defect_workbench.console import ConsoleReporter
from defect_workbench.core.errors import InputError
from defect_workbench.core.features import BackboneInfo
from defect_workbench.places import Places

if TYPE_CHECKING:
    from defect_workbench.engine.extract import Extraction


def add_extraction(parser: argparse.ArgumentParser) -> None:
    """Options of whatever extracts features."""
    parser.add_argument("--offline", action="store_true", help="never fetch weights")
    parser.add_argument(
        "--precision", choices=["auto", "fp32", "bf16", "fp16"], default="auto", help="of the network"
    )
    parser.add_argument("--json", action="store_true", help="one JSON object on standard output")


def run_extraction(
    args: argparse.Namespace, places: Places, reporter: ConsoleReporter
) -> tuple[Extraction, float]:
    """The features of args.folder, and the seconds its scan took."""
    from defect_workbench.engine.extract import extract
    from defect_workbench.engine.scan import scan
    from defect_workbench.engine.weights import WeightsLibrary
    from defect_workbench.storage.store import FeatureStore

    precision = None
    if args.precision != "auto":
        from defect_workbench.engine.network import Precision

        precision = Precision(args.precision)
    store = FeatureStore(args.store)
    started = time.perf_counter()
    listing = scan(Path(os.path.abspath(args.folder)), reporter)
    scanning = time.perf_counter() - started
    if not listing.files and not listing.rejected:
        raise InputError(f"there is no image in {args.folder}")
    extraction = extract(
        listing,
        store,
        WeightsLibrary(places.weights),
        reporter,
        offline=args.offline,
        precision=precision,
    )
    if not len(extraction.images):
        first = extraction.images.rejected[0]
        raise InputError(
            f"none of the {len(extraction.images.rejected)} files in {args.folder} can be used; "
            f"the first, {first.path}: {first.reason}"
        )
    return extraction, scanning


def rate(extraction: Extraction) -> float | None:
    """Images newly extracted a second; None if none was new."""
    if not extraction.computed:
        return None
    return round(extraction.computed / max(extraction.seconds, 1e-9), 2)


def say_rejected(extraction: Extraction) -> None:
    """Print how many files were not used, and the first reason."""
    rejected = extraction.images.rejected
    if rejected:
        print(f"{len(rejected):,} files not used; the first, {rejected[0].path}: {rejected[0].reason}")


def backbone_json(backbone: BackboneInfo | None) -> dict[str, str] | None:
    """The network as the JSON output has it."""
    return None if backbone is None else asdict(backbone)
