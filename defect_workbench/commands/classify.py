"""`classify`: a folder of images in, folders of labels out, by a trained classifier."""

from __future__ import annotations

import argparse
import time
from collections import Counter
from pathlib import Path

from defect_workbench.commands.shared.console import ConsoleReporter, say, say_json
from defect_workbench.commands.shared.extraction_options import backbone_json, run_extraction, say_rejected
from defect_workbench.commands.shared.result_options import check_out
from defect_workbench.commands.shared.seed import Commands, check_seed
from defect_workbench.core.errors import concerning
from defect_workbench.storage.result.export_options import Mode
from defect_workbench.user_dirs import Places


def add(commands: Commands, places: Places) -> None:
    """Its options."""
    parser = commands.add_parser("classify", help="a folder of images in, folders of labels out")
    parser.add_argument("folder", type=Path, metavar="FOLDER")
    parser.add_argument("--model", type=Path, required=True, metavar="MODEL", help="as `train` wrote it")
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="absent or empty")
    parser.add_argument("--mode", choices=[mode.value for mode in Mode], default=Mode.COPY.value)
    parser.add_argument("--seed", type=int, default=0, metavar="N")
    parser.add_argument("--offline", action="store_true", help="never fetch weights")
    parser.add_argument(
        "--precision", choices=["auto", "fp32", "bf16", "fp16"], default="auto", help="of the network"
    )
    parser.add_argument("--json", action="store_true", help="one JSON object on standard output")
    parser.add_argument(
        "--store", type=Path, metavar="DIR", default=places.store, help="feature store to use"
    )
    parser.set_defaults(run=run)


def run(args: argparse.Namespace, places: Places, reporter: ConsoleReporter) -> int:
    """The whole job."""
    from defect_workbench.engine.backbone.pretrained import WeightsLibrary
    from defect_workbench.engine.classifier.apply_model import precision_of, sort_images
    from defect_workbench.engine.features.identity import processing_of
    from defect_workbench.engine.input.thumbnail import thumbnail
    from defect_workbench.storage.model.model_file import load_model
    from defect_workbench.storage.result.manifest import MoreColumns
    from defect_workbench.storage.result.result_folder import Mode, export
    from defect_workbench.storage.vectors.feature_store import FeatureStore
    from defect_workbench.workflows.run_info import report_facts

    with concerning(args.model):
        model = load_model(args.model)
    check_out(args.out, add=False, store=args.store)
    check_seed(args.seed)
    args.processing = processing_of(model)
    if args.precision == "auto":
        args.precision = precision_of(model) or "auto"
    started = time.perf_counter()
    extraction, _ = run_extraction(args, places, reporter)
    images, features = extraction.images, extraction.features
    store, library = FeatureStore(args.store), WeightsLibrary(places.weights)
    project, said = sort_images(model, images, features, store, library, reporter, seed=args.seed)
    spent = time.perf_counter() - started

    cells = {
        image.path: (
            said.paths[i],
            f"{said.probability[i]:.6f}",
            "true" if said.known[i] else "false",
        )
        for i, image in enumerate(images.images)
    }
    trained_on = "" if model.facts is None else f", trained on {model.facts.images:,} images"
    facts = {**report_facts(project), "Classifier": f"{args.model}{trained_on}"}
    export(
        project,
        args.out,
        Mode(args.mode),
        facts,
        thumbnail,
        reporter,
        columns=MoreColumns(("stage_path", "probability", "known"), cells),
    )
    reporter.close()
    counts = Counter(said.names[label] for label, known in zip(said.labels, said.known, strict=True) if known)
    unknown = int((~said.known).sum())
    labels = {name: counts.get(name, 0) for name in said.names}
    if args.json:
        result = {
            "images": len(images),
            "rejected": len(images.rejected),
            "labels": labels,
            "unknown": unknown,
            "images_per_second": round(len(images) / max(spent, 1e-9), 2),
            "threshold": model.novelty.threshold,
            "backbone": backbone_json(features.backbone),
            "out": str(args.out),
            "seconds": round(time.perf_counter() - started, 3),
        }
        say_json(result)
        return 0
    say(f"{len(images):,} images, {unknown:,} of them unknown, written to {args.out}")
    for name, count in labels.items():
        say(f"  {name:<24} {count:>7,}")
    say_rejected(extraction)
    return 0
