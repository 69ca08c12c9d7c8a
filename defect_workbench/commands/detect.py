"""`detect`: find and count the defects of each image of a folder."""

from __future__ import annotations

import argparse
from pathlib import Path

from defect_workbench.commands.shared.common_options import Commands, add_json
from defect_workbench.commands.shared.console import ConsoleReporter, print_json, print_text
from defect_workbench.commands.shared.detector_options import add_detector, check_references, format_names
from defect_workbench.commands.shared.source_options import add_source, source_of
from defect_workbench.core.text import counted
from defect_workbench.storage.boxes.formats.registry import BOX_FORMATS
from defect_workbench.user_dirs import UserDirs
from defect_workbench.workflows.detection.search_folder import DetectRequest, detect


def add(commands: Commands, places: UserDirs) -> None:
    """Add the command and its options."""
    parser = commands.add_parser(
        "detect", help="find and count the defects of each image, as tables of boxes and counts"
    )
    add_source(parser)
    add_detector(parser)
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="result folder: new or empty")
    parser.add_argument(
        "--overlays",
        action="store_true",
        help="also write each image with its boxes: DIR/_overlays/PATH.png",
    )
    parser.add_argument(
        "--boxes-as",
        choices=BOX_FORMATS.names,
        default="",
        help="also write the boxes for other programs, or to correct them there and train on them: "
        "DIR/_boxes. " + format_names(),
    )
    add_json(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace, places: UserDirs, reporter: ConsoleReporter) -> int:
    """Find the defects and print their number."""
    check_references(args)
    done = detect(
        DetectRequest(source_of(args), args.out, args.reference, args.overlays, args.model, args.boxes_as),
        reporter,
    )
    reporter.close()
    if args.json:
        print_json(
            {
                "images": done.images,
                "rejected": done.rejected,
                "defects": done.defects,
                "clean_images": done.clean,
                "with_reference": done.with_reference,
                "labels": dict(done.labels),
                "model": None if args.model is None else str(args.model),
                "out": str(args.out),
                "seconds": round(done.seconds, 3),
                "seconds_per_image": round(done.seconds / done.images, 4),
            }
        )
        return 0
    print_text(
        f"{counted(done.defects, 'defect')} in {counted(done.images, 'image')}, {done.clean:,} of them "
        f"without one, written to {args.out}"
    )
    if done.rejected:
        print_text(f"{counted(done.rejected, 'file')} rejected; see rejected.csv")
    return 0
