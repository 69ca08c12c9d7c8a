"""`train`: folders of labels in, a classifier out."""

from __future__ import annotations

import argparse
import time
from pathlib import Path
from typing import TYPE_CHECKING

from defect_workbench.commands.shared.common_options import Commands, add_seed, add_store, check_seed
from defect_workbench.commands.shared.console import ConsoleReporter, say, say_json
from defect_workbench.commands.shared.extraction_options import (
    add_extraction,
    backbone_json,
    extraction_of,
    say_rejected,
)
from defect_workbench.user_dirs import UserDirs
from defect_workbench.workflows.save_model import ModelFiles, check_model_files, save_trained
from defect_workbench.workflows.train import TrainRequest, check_train_request, read_taxonomy_file, train

if TYPE_CHECKING:
    from defect_workbench.engine.classifier.training_job import TrainingResult


def add(commands: Commands, places: UserDirs) -> None:
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
    add_seed(parser)
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
    add_store(parser, places.store)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace, places: UserDirs, reporter: ConsoleReporter) -> int:
    """Train, judge, and write model and report."""
    check_seed(args.seed)
    request = TrainRequest(
        folder=args.folder,
        taxonomy=None if args.taxonomy is None else read_taxonomy_file(args.taxonomy),
        folds=args.folds,
        seed=args.seed,
        augment=args.augment is not None,
        draws=args.augment or 0,
        fine_tune=args.fine_tune,
        leave_one_out=args.leave_one_out,
        group_by=args.group_by,
    )
    files = ModelFiles(args.out, args.onnx)
    check_train_request(request)
    check_model_files(files, fine_tune=args.fine_tune)
    options = extraction_of(args, places, reporter)

    started = time.perf_counter()
    trained = train(request, None, options, reporter)
    (extraction,), outcome = trained.extractions, trained.outcome
    reporter.stage("Writing model and report", None)
    save_trained(outcome, files)
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
            "backbone": backbone_json(extraction.features.backbone),
            "model": str(args.out),
            "report": str(files.report),
            "seconds": seconds,
        }
        say_json(result)
        return 0
    _print(outcome, args.out, files.report)
    say_rejected(extraction)
    return 0


def _print(outcome: TrainingResult, model: Path, report: Path) -> None:
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
