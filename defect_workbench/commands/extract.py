"""`extract`: features only, into a feature store."""

from __future__ import annotations

import argparse
from pathlib import Path

from defect_workbench.commands.shared.common_options import Commands, add_store
from defect_workbench.commands.shared.console import ConsoleReporter, say, say_json
from defect_workbench.commands.shared.extraction_options import (
    add_extraction,
    backbone_json,
    extraction_of,
    processing_json,
    rate,
    say_rejected,
    say_suggested,
)
from defect_workbench.user_dirs import UserDirs
from defect_workbench.workflows.extract import extract_folder


def add(commands: Commands, places: UserDirs) -> None:
    """Its options."""
    extract = commands.add_parser("extract", help="features only, into a feature store")
    extract.add_argument("folder", type=Path, metavar="FOLDER")
    add_store(extract, None)
    add_extraction(extract)
    extract.set_defaults(run=run)


def run(args: argparse.Namespace, places: UserDirs, reporter: ConsoleReporter) -> int:
    """Extract, and say what came of it."""
    options = extraction_of(args, places, reporter)
    found = extract_folder(args.folder, options, reporter)
    extraction = found.extraction
    reporter.close()
    result = {
        "images": len(extraction.images),
        "rejected": len(extraction.images.rejected),
        "computed": extraction.computed,
        "store": str(args.store),
        "backbone": backbone_json(extraction.features.backbone),
        "seconds": {"scan": round(found.scan_seconds, 3), "extract": round(extraction.seconds, 3)},
        "images_per_second": rate(extraction),
        **processing_json(extraction, options.processing),
    }
    if args.json:
        say_json(result)
        return 0
    say(f"{len(extraction.images):,} images in {args.store}, {extraction.computed:,} of them new")
    say_rejected(extraction)
    say_suggested(extraction, options.processing)
    return 0
