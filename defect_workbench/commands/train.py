"""`train`: folders of labels in, a classifier out."""

from __future__ import annotations

import argparse
import os
import time
from pathlib import Path
from typing import TYPE_CHECKING

from defect_workbench.commands.shared.console import ConsoleReporter, say, say_json
from defect_workbench.commands.shared.extraction_options import (
    add_extraction,
    backbone_json,
    run_listing,
    say_rejected,
)
from defect_workbench.commands.shared.seed import Commands, check_seed
from defect_workbench.core.errors import InputError, concerning
from defect_workbench.core.safe_reading import read_regular
from defect_workbench.user_dirs import Places
from defect_workbench.workflows.training_info import report_text

if TYPE_CHECKING:
    from defect_workbench.core.classifier.taxonomy import Taxonomy
    from defect_workbench.engine.classifier.training_job import Outcome

MOST_TAXONOMY_BYTES = 1 << 20


def add(commands: Commands, places: Places) -> None:
    """Its options."""
    parser = commands.add_parser("train", help="folders of labels in, a classifier out")
    parser.add_argument("folder", type=Path, metavar="FOLDER", help="each folder right below it is a class")
    parser.add_argument(
        "--out", type=Path, required=True, metavar="MODEL", help="a file that is not there yet"
    )
    parser.add_argument(
        "--taxonomy", type=Path, metavar="FILE", help="the stages, as TOML; default: see the guide"
    )
    parser.add_argument(
        "--folds", type=int, default=5, metavar="N", help="of the cross-validation, default 5"
    )
    parser.add_argument("--seed", type=int, default=0, metavar="N")
    parser.add_argument(
        "--augment",
        type=int,
        nargs="?",
        const=0,
        metavar="DRAWS",
        help="learn from turned and mirrored copies, too, and from so many random changes of each picture",
    )
    parser.add_argument("--fine-tune", action="store_true", help="fit the network's last block, too (slow)")
    parser.add_argument(
        "--group-by",
        metavar="parent|REGEX",
        help="lots that no fold tears apart: the folder an image lies in, or what matches in its path",
    )
    parser.add_argument(
        "--leave-one-out", action="store_true", help="measure how well unknown kinds are told apart"
    )
    parser.add_argument("--onnx", type=Path, metavar="FILE", help="also write the heads as ONNX")
    add_extraction(parser)
    parser.add_argument(
        "--store", type=Path, metavar="DIR", default=places.store, help="feature store to use"
    )
    parser.set_defaults(run=run)


def run(args: argparse.Namespace, places: Places, reporter: ConsoleReporter) -> int:
    """Train, judge, and write model and report."""
    from defect_workbench.commands.shared.extraction_options import parse_processing
    from defect_workbench.engine.backbone.pretrained import WeightsLibrary
    from defect_workbench.engine.classifier.data.dataset import labelled_set, lot_of, scan_labels
    from defect_workbench.engine.classifier.data.folder_source import FolderSource
    from defect_workbench.engine.classifier.training_job import Request, train_and_judge
    from defect_workbench.engine.features.identity import feature_identity
    from defect_workbench.storage.files.publishing import clear_unfinished, publish
    from defect_workbench.storage.model.model_file import model_bytes
    from defect_workbench.storage.vectors.feature_store import FeatureStore

    taxonomy = _taxonomy(args.taxonomy)
    check_seed(args.seed)
    if not 2 <= args.folds <= 20:
        raise InputError("--folds must be from 2 to 20")
    lot = lot_of(args.group_by) if args.group_by else None
    report = args.out.with_name(args.out.name + ".html")
    others = [report] + ([args.onnx] if args.onnx else [])
    if args.onnx and os.path.realpath(args.onnx) in map(os.path.realpath, (args.out, report)):
        raise InputError(f"--onnx {args.onnx} is where the model or its report goes; name another file")
    clear_unfinished(args.out, others)
    for path in [args.out, *others]:
        _check_new(path)
    if args.onnx and args.fine_tune:
        raise InputError(
            "--onnx with --fine-tune: an ONNX file holds the heads alone, and these would need deep features "
            "of the fine-tuned network; leave one of the two out"
        )
    if args.onnx:
        from defect_workbench.storage.model.onnx_export import check_onnx

        check_onnx()

    started = time.perf_counter()
    processing = parse_processing(args)
    listing = scan_labels(Path(os.path.abspath(args.folder)), reporter)
    extraction = run_listing(listing, args, places, reporter)
    data = labelled_set(extraction.images, extraction.features)
    library = WeightsLibrary(places.weights)
    source = FolderSource(data.images, data.features, processing, FeatureStore(args.store), library, reporter)
    outcome = train_and_judge(
        data,
        source,
        feature_identity(data.features.blocks, data.features.backbone, processing),
        Request(
            taxonomy,
            args.folds,
            args.seed,
            args.augment is not None,
            args.fine_tune,
            args.leave_one_out,
            draws=args.augment or 0,
        ),
        reporter,
        lots=[lot(image.path) for image in data.images.images] if lot else None,
    )
    reporter.stage("Writing model and report", None)
    written = {
        args.out: model_bytes(outcome.model),
        report: report_text(outcome, args.out).encode("utf-8"),
    }
    if args.onnx:
        from defect_workbench.storage.model.onnx_export import onnx_bytes

        written[args.onnx] = onnx_bytes(outcome.model)
    publish(args.out, written)
    reporter.close()
    seconds = {
        "extract": round(extraction.seconds, 3),
        **{name: round(value, 3) for name, value in outcome.seconds.items()},
        "all": round(time.perf_counter() - started, 3),
    }
    if args.json:
        facts = outcome.facts.as_json()
        result = {
            "images": facts["images"],
            "rejected": len(outcome.data.images.rejected),
            "classes": facts["classes"],
            "groups": len(set(outcome.data.groups.tolist())),
            "overall": facts["overall"],
            "stages": facts["stages"],
            "ablation": facts["ablation"],
            "unknown": {"threshold": outcome.crossval.threshold, **(facts["unknown"] or {})},
            "known_rejected": float((~outcome.crossval.prediction.known).mean()),
            "notes": facts["notes"],
            "backbone": backbone_json(data.features.backbone),
            "model": str(args.out),
            "report": str(report),
            "seconds": seconds,
        }
        say_json(result)
        return 0
    _print(outcome, args.out, report)
    say_rejected(extraction)
    return 0


def _taxonomy(path: Path | None) -> Taxonomy | None:
    from defect_workbench.core.classifier.taxonomy_toml import read_taxonomy

    if path is None:
        return None
    try:
        with concerning(path):
            return read_taxonomy(read_regular(path, MOST_TAXONOMY_BYTES).decode("utf-8"), str(path))
    except OSError as error:
        raise InputError(f"the taxonomy {path} cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise InputError(f"the taxonomy {path} is not text (UTF-8)") from error


def _check_new(path: Path) -> None:
    if path.exists() or path.is_symlink():
        raise InputError(f"{path} is there already; nothing was written. Name a new file")
    there = Path(os.path.abspath(path)).parent
    while not os.path.lexists(there):
        there = there.parent
    if not os.path.isdir(there) or not os.access(there, os.W_OK | os.X_OK):
        raise InputError(f"{path} cannot be made: {there} is not a folder that can be written")


def _print(outcome: Outcome, model: Path, report: Path) -> None:
    from defect_workbench.engine.classifier.evaluation import summary_line

    facts, overall = outcome.facts, outcome.facts.overall
    figure = summary_line(overall.accuracy, overall.interval)
    say(f"{facts.images:,} images: {figure} right, judged in {facts.folds} folds")
    for name, stage in facts.stages.items():
        found = ", ".join(f"{word} {count:,}" for word, count in stage.outcomes.items())
        judged = stage.evaluation
        figure = "not judged" if judged is None else summary_line(judged.accuracy, judged.interval)
        say(f"  stage {name}: {figure}; {found}")
    for name, entry in facts.ablation.items():
        say(f"  {name} features: {summary_line(entry.accuracy, entry.interval)}")
    say(f"  expected calibration error {overall.ece:.3f}")
    if facts.unknown is not None and facts.unknown.mean is not None:
        say(f"  unknown kinds: area {facts.unknown.mean:.3f} on average, {facts.unknown.worst:.3f} at worst")
    for note in facts.notes:
        say(f"  {note}")
    say(f"model {model}, report {report}")
