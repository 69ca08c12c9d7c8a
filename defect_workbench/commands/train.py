"""`train`: train a classifier on labelled folders."""

from __future__ import annotations

import argparse
import time
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from defect_workbench.commands.shared.common_options import (
    Commands,
    add_false_alarms,
    add_seed,
    add_store,
    check_seed,
)
from defect_workbench.commands.shared.console import ConsoleReporter, print_json, print_text
from defect_workbench.commands.shared.extraction_options import (
    add_extraction,
    backbone_json,
    extraction_of,
    print_rejected,
)
from defect_workbench.core.classifier.conformal import FALSE_ALARMS
from defect_workbench.core.classifier.held_out import labels_to_check
from defect_workbench.core.text import counted
from defect_workbench.user_dirs import UserDirs
from defect_workbench.workflows.classify import common_threshold, pooled_labels
from defect_workbench.workflows.save_model import ModelFiles, check_model_files, save_trained
from defect_workbench.workflows.train import TrainRequest, check_train_request, read_taxonomy_file, train

if TYPE_CHECKING:
    from defect_workbench.engine.classifier.training_job import TrainingResult


def add(commands: Commands, places: UserDirs) -> None:
    """Add the command and its options."""
    parser = commands.add_parser("train", help="train a classifier on labelled folders")
    parser.add_argument(
        "folder", type=Path, metavar="FOLDER", help="folder with one subfolder of images per class"
    )
    parser.add_argument(
        "--out", type=Path, required=True, metavar="MODEL", help="new file for the classifier (.dwm)"
    )
    parser.add_argument(
        "--taxonomy",
        type=Path,
        metavar="FILE",
        help="stages of the classifier, as TOML; default: noise, defect or clean, size, kind of defect",
    )
    parser.add_argument(
        "--folds",
        type=int,
        default=5,
        metavar="N",
        help="number of folds of the cross-validation; default: 5",
    )
    add_seed(parser, "folds, augmentation and training")
    parser.add_argument(
        "--augment",
        type=int,
        nargs="?",
        const=0,
        metavar="DRAWS",
        help="also train on rotated and mirrored images, and on DRAWS random variations of each (default: 0)",
    )
    parser.add_argument(
        "--fine-tune", action="store_true", help="also train the last block of the network (slow)"
    )
    parser.add_argument(
        "--group-by",
        metavar="parent|REGEX",
        help="keep each lot within one fold: a lot is the folder of an image, or "
        "what REGEX matches in its path",
    )
    parser.add_argument(
        "--leave-one-out",
        action="store_true",
        help="measure how well unknown classes are detected, leaving out each class in turn",
    )
    add_false_alarms(parser, f"default: {FALSE_ALARMS}", default=FALSE_ALARMS)
    parser.add_argument("--onnx", type=Path, metavar="FILE", help="also write the heads to an ONNX file")
    add_extraction(parser)
    add_store(parser, places.store)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace, places: UserDirs, reporter: ConsoleReporter) -> int:
    """Train and evaluate a classifier, and write it with its report."""
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
        false_alarms=args.false_alarms,
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
            "false_alarms": args.false_alarms,
            "pooled": pooled_labels(outcome.model),
            "unknown": {"threshold": common_threshold(outcome.model), **(facts["unknown"] or {})},
            "known_rejected": float((~outcome.crossval.prediction.known).mean()),
            "notes": facts["notes"],
            "labels_to_check": _labels_to_check(outcome),
            "backbone": backbone_json(extraction.features.backbone),
            "model": str(args.out),
            "report": str(files.report),
            "seconds": seconds,
        }
        print_json(result)
        return 0
    _print_summary(outcome, args.out, files.report)
    print_rejected(extraction)
    return 0


def _labels_to_check(outcome: TrainingResult) -> list[Mapping[str, Any]]:
    facts = outcome.facts
    return [] if facts.held_out is None else labels_to_check(facts.held_out, facts.overall.confusion.labels)


def _print_summary(outcome: TrainingResult, model: Path, report: Path) -> None:
    from defect_workbench.engine.classifier.evaluation import summary_line

    facts, overall = outcome.facts, outcome.facts.overall
    figure = summary_line(overall.accuracy, overall.interval)
    print_text(f"{counted(facts.images, 'image')}: {figure} correct in {facts.folds}-fold cross-validation")
    for stage_name, stage in facts.stages.items():
        outcomes = ", ".join(f"{name} {count:,}" for name, count in stage.outcomes.items())
        evaluation = stage.evaluation
        figure = "not evaluated"
        if evaluation is not None:
            figure = summary_line(evaluation.accuracy, evaluation.interval)
        print_text(f"  stage {stage_name}: {figure}; {outcomes}")
    for name, entry in facts.ablation.items():
        print_text(f"  {name} features: {summary_line(entry.accuracy, entry.interval)}")
    print_text(f"  expected calibration error {overall.ece:.3f}")
    suspects = len(_labels_to_check(outcome))
    if suspects:
        print_text(f"  {counted(suspects, 'label')} to check: see the report")
    if facts.unknown is not None and facts.unknown.mean is not None:
        print_text(
            f"  unknown classes: ROC area {facts.unknown.mean:.3f} on average, "
            f"{facts.unknown.worst:.3f} at worst"
        )
    if facts.unknown is not None and facts.unknown.recall is not None:
        print_text(
            f"  {100 * facts.unknown.recall:.1f}% of the images of unknown classes are flagged, and "
            f"{100 * (facts.unknown.known_rejected or 0):.1f}% of known images"
        )
    for note in facts.notes:
        print_text(f"  {note}")
    print_text(f"written: classifier {model}, report {report}")
