"""`classify`: a folder of images in, folders of labels out, by a trained classifier."""

from __future__ import annotations

import argparse
import json
import time
from collections import Counter
from dataclasses import replace
from pathlib import Path

from defect_workbench.commands.common import Commands
from defect_workbench.commands.extraction import backbone_json, run_extraction, say_rejected
from defect_workbench.console import ConsoleReporter
from defect_workbench.core.analysis import Settings
from defect_workbench.core.errors import InputError, WorkbenchError
from defect_workbench.places import Places


def add(commands: Commands, places: Places) -> None:
    """Its options."""
    parser = commands.add_parser("classify", help="a folder of images in, folders of labels out")
    parser.add_argument("folder", type=Path, metavar="FOLDER")
    parser.add_argument("--model", type=Path, required=True, metavar="MODEL", help="as `train` wrote it")
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="absent or empty")
    parser.add_argument("--mode", choices=["copy", "hardlink", "symlink"], default="copy")
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
    from defect_workbench.engine.analyse import analyse
    from defect_workbench.engine.classify.apply import predict
    from defect_workbench.engine.classify.features import made_by, processing_of
    from defect_workbench.engine.classify.material import FolderSource, Material
    from defect_workbench.engine.classify.proposals import proposed
    from defect_workbench.engine.thumbnail import thumbnail
    from defect_workbench.engine.weights import WeightsLibrary
    from defect_workbench.facts import report_facts
    from defect_workbench.storage.export import Mode, check_target, export
    from defect_workbench.storage.manifest import MoreColumns
    from defect_workbench.storage.model_file import check_fit, feature_identity, load_model
    from defect_workbench.storage.store import FeatureStore

    model = load_model(args.model)
    check_target(args.out)
    if args.seed < 0:
        raise InputError("--seed must not be negative")
    try:
        processing = processing_of(dict(model.identity))
    except (TypeError, ValueError) as error:
        raise WorkbenchError(
            f"the model {args.model} asks for pictures processed in a way this version does not know"
        ) from error
    backbone = model.identity.get("backbone")
    if backbone is None:
        reporter.warn("this model was trained without ResNet-50 weights: texture and shape features alone")
    elif args.precision == "auto" and backbone["precision"] != "fp16":
        args.precision = backbone["precision"]
    args.processing = processing
    started = time.perf_counter()
    extraction, _ = run_extraction(args, places, reporter)
    images, features = extraction.images, extraction.features
    identity = feature_identity(features.blocks, features.backbone, made_by(processing))
    check_fit(model, identity)
    source = FolderSource(
        images, features, processing, FeatureStore(args.store), WeightsLibrary(places.weights), reporter
    )
    if model.tuned:
        from defect_workbench.engine.classify.finetune import tuned_features

        library = WeightsLibrary(places.weights)
        features = tuned_features(model.tuned, images, features, processing, library, reporter)
    reporter.stage("Classifying", None)
    said = predict(model, Material(features, source))
    spent = time.perf_counter() - started

    analysis = analyse(features, replace(Settings(seed=args.seed), processing=processing), reporter)
    project = proposed(images, features, analysis, model, said)
    cells = {
        image.path: (
            said.paths[i],
            f"{said.probability[i]:.6f}",
            "true" if said.known[i] else "false",
        )
        for i, image in enumerate(images.images)
    }
    facts = {
        **report_facts(project),
        "Classifier": f"{args.model}, trained on {model.facts.get('images', '?')} images",
    }
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
        print(json.dumps(result, ensure_ascii=False))
        return 0
    print(f"{len(images):,} images, {unknown:,} of them unknown, written to {args.out}")
    for name, count in labels.items():
        print(f"  {name:<24} {count:>7,}")
    say_rejected(extraction)
    return 0
