"""`classify`: a folder of images in, folders of labels out, by a trained classifier."""

from __future__ import annotations

import argparse
import time
from pathlib import Path

from defect_workbench.commands.shared.common_options import (
    Commands,
    add_json,
    add_mode,
    add_offline,
    add_precision,
    add_seed,
    add_store,
    check_seed,
    feature_options,
)
from defect_workbench.commands.shared.console import ConsoleReporter, say, say_json
from defect_workbench.commands.shared.extraction_options import backbone_json, say_rejected, warning_of_scales
from defect_workbench.storage.result.export_options import Mode
from defect_workbench.user_dirs import UserDirs
from defect_workbench.workflows.classify import ClassifyRequest, classify, open_model
from defect_workbench.workflows.export import ExportRequest, check_out, export


def add(commands: Commands, places: UserDirs) -> None:
    """Its options."""
    parser = commands.add_parser("classify", help="a folder of images in, folders of labels out")
    parser.add_argument("folder", type=Path, metavar="FOLDER")
    parser.add_argument("--model", type=Path, required=True, metavar="MODEL", help="as `train` wrote it")
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="absent or empty")
    add_mode(parser)
    add_seed(parser)
    add_offline(parser)
    add_precision(parser)
    add_json(parser)
    add_store(parser, places.store)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace, places: UserDirs, reporter: ConsoleReporter) -> int:
    """Classify, and export the labels."""
    model = open_model(args.model)
    check_out(args.out, store=args.store)
    check_seed(args.seed)
    started = time.perf_counter()
    options = warning_of_scales(feature_options(args, places), reporter)
    found = classify(ClassifyRequest(model, args.folder, args.seed), options, reporter)
    spent = time.perf_counter() - started
    trained_on = "" if model.facts is None else f", trained on {model.facts.images:,} images"
    export(
        found.project,
        ExportRequest(args.out, Mode(args.mode)),
        reporter,
        facts={"Classifier": f"{args.model}{trained_on}"},
        columns=found.columns,
    )
    reporter.close()
    images = found.project.images
    if args.json:
        result = {
            "images": len(images),
            "rejected": len(images.rejected),
            "labels": dict(found.labels),
            "unknown": found.unknown,
            "images_per_second": round(len(images) / max(spent, 1e-9), 2),
            "threshold": model.novelty.threshold,
            "backbone": backbone_json(found.extraction.features.backbone),
            "out": str(args.out),
            "seconds": round(time.perf_counter() - started, 3),
        }
        say_json(result)
        return 0
    say(f"{len(images):,} images, {found.unknown:,} of them unknown, written to {args.out}")
    for name, count in found.labels.items():
        say(f"  {name:<24} {count:>7,}")
    say_rejected(found.extraction)
    return 0
