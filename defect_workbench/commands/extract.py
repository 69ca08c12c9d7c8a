"""`extract`: features only, into a feature store."""

from __future__ import annotations

import argparse
from pathlib import Path

from defect_workbench.commands.shared.console import ConsoleReporter, say, say_json
from defect_workbench.commands.shared.extraction_options import (
    add_extraction,
    backbone_json,
    parse_processing,
    processing_json,
    rate,
    run_extraction,
    say_rejected,
    say_suggested,
)
from defect_workbench.commands.shared.seed import Commands
from defect_workbench.user_dirs import Places


def add(commands: Commands, places: Places) -> None:
    """Its options."""
    extract = commands.add_parser("extract", help="features only, into a feature store")
    extract.add_argument("folder", type=Path, metavar="FOLDER")
    extract.add_argument("--store", type=Path, metavar="DIR", required=True)
    add_extraction(extract)
    extract.set_defaults(run=run)


def run(args: argparse.Namespace, places: Places, reporter: ConsoleReporter) -> int:
    """Extract, and say what came of it."""
    extraction, scanning = run_extraction(args, places, reporter)
    reporter.close()
    result = {
        "images": len(extraction.images),
        "rejected": len(extraction.images.rejected),
        "computed": extraction.computed,
        "store": str(args.store),
        "backbone": backbone_json(extraction.features.backbone),
        "seconds": {"scan": round(scanning, 3), "extract": round(extraction.seconds, 3)},
        "images_per_second": rate(extraction),
        **processing_json(extraction, parse_processing(args)),
    }
    if args.json:
        say_json(result)
        return 0
    say(f"{len(extraction.images):,} images in {args.store}, {extraction.computed:,} of them new")
    say_rejected(extraction)
    say_suggested(extraction, parse_processing(args))
    return 0
