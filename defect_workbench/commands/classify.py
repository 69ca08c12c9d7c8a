"""`classify`: export the images of a folder under the labels that a trained classifier predicts."""

from __future__ import annotations

import argparse
import time
from pathlib import Path

from defect_workbench.commands.shared.common_options import (
    Commands,
    add_false_alarms,
    add_json,
    add_mode,
    add_offline,
    add_precision,
    add_seed,
    add_store,
    check_seed,
    feature_options,
)
from defect_workbench.commands.shared.console import ConsoleReporter, print_json, print_text
from defect_workbench.commands.shared.extraction_options import (
    backbone_json,
    print_rejected,
    with_scale_warning,
)
from defect_workbench.commands.shared.result_options import known_classes
from defect_workbench.commands.shared.source_options import add_source, source_of
from defect_workbench.commands.shared.watch_printing import add_watch, run_watch
from defect_workbench.core.errors import InputError, concerning
from defect_workbench.core.text import counted
from defect_workbench.storage.result.export_options import Mode
from defect_workbench.user_dirs import UserDirs
from defect_workbench.workflows.classify import (
    ClassifyRequest,
    applied_model,
    classify,
    common_threshold,
    open_model,
)
from defect_workbench.workflows.export import ExportRequest, check_out, export


def add(commands: Commands, places: UserDirs) -> None:
    """Add the command and its options."""
    parser = commands.add_parser("classify", help="classify a folder of images and export labelled folders")
    add_source(parser)
    parser.add_argument(
        "--model", type=Path, required=True, metavar="MODEL", help="classifier, as written by train"
    )
    parser.add_argument(
        "--out",
        type=Path,
        required=True,
        metavar="DIR",
        help="result folder: new or empty; with --watch also one that it began",
    )
    add_false_alarms(parser, "default: that of the classifier", default=None)
    add_mode(parser)
    add_seed(parser, "clustering the unknown images")
    add_offline(parser)
    add_precision(parser)
    add_json(parser)
    add_store(parser, places.store)
    add_watch(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace, places: UserDirs, reporter: ConsoleReporter) -> int:
    """Classify the images and export them, or watch the folder."""
    if args.watch and args.klarf:
        raise InputError("--watch is for folders of images, and cannot be combined with --klarf")
    if args.watch:
        run_watch(args, places, reporter)
    if args.interval is not None:
        raise InputError("--interval is only for --watch")
    model = open_model(args.model)
    request = ClassifyRequest(model, source_of(args), args.seed, args.false_alarms, Mode(args.mode))
    with concerning(args.model):
        applied_model(request)
    check_out(args.out, store=args.store)
    check_seed(args.seed)
    started = time.perf_counter()
    options = with_scale_warning(feature_options(args, places), reporter)
    classified = classify(request, options, reporter)
    classifying = time.perf_counter() - started
    trained_on = "" if model.facts is None else f", trained on {model.facts.images:,} images"
    export(
        classified.project,
        ExportRequest(args.out, Mode(args.mode), classes=known_classes(places, reporter, "report has")),
        reporter,
        facts={"Classifier": f"{args.model}{trained_on}"},
        columns=classified.columns,
    )
    reporter.close()
    images = classified.project.images
    if args.json:
        result = {
            "images": len(images),
            "rejected": len(images.rejected),
            "labels": dict(classified.labels),
            "unknown": classified.unknown,
            "images_per_second": round(len(images) / max(classifying, 1e-9), 2),
            "false_alarms": classified.model.novelty.false_alarms,
            "threshold": common_threshold(classified.model),
            "backbone": backbone_json(classified.extraction.features.backbone),
            "out": str(args.out),
            "seconds": round(time.perf_counter() - started, 3),
        }
        print_json(result)
        return 0
    print_text(
        f"{counted(len(images), 'image')}, {classified.unknown:,} of them unknown, written to {args.out}"
    )
    for name, count in classified.labels.items():
        print_text(f"  {name:<24} {count:>7,}")
    print_rejected(classified.extraction)
    return 0
