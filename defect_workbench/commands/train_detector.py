"""`train-detector`: train a detector on boxes that people drew."""

from __future__ import annotations

import argparse
from dataclasses import asdict
from pathlib import Path

from defect_workbench.commands.shared.common_options import (
    Commands,
    add_json,
    add_offline,
    add_seed,
    check_seed,
)
from defect_workbench.commands.shared.console import ConsoleReporter, print_json, print_text
from defect_workbench.commands.shared.detector_options import (
    FIGURES,
    add_box_options,
    add_references,
    check_references,
    problems_json,
)
from defect_workbench.commands.shared.source_options import add_source, source_of
from defect_workbench.core.text import counted, duration
from defect_workbench.storage.boxes.box_folder import summary
from defect_workbench.user_dirs import UserDirs
from defect_workbench.workflows.detection.train_on_boxes import (
    TrainDetectorRequest,
    TrainedOnBoxes,
    TrainingOptions,
    train_detector,
)
from defect_workbench.workflows.weights import open_weights


def add(commands: Commands, places: UserDirs) -> None:
    """Add the command and its options."""
    parser = commands.add_parser(
        "train-detector", help="train a detector that finds, counts and names defects, on boxes"
    )
    add_source(parser)
    add_references(parser)
    add_box_options(parser)
    parser.add_argument("--out", type=Path, required=True, metavar="MODEL", help="new file for the detector")
    parser.add_argument(
        "--epochs",
        type=int,
        metavar="N",
        help="how often each image is seen; default: as often as fits into half an hour or so, at least "
        "once. The training ends earlier if held-out images are no longer found better",
    )
    parser.add_argument(
        "--resume",
        action="store_true",
        help="continue a training that was interrupted; its state is in MODEL.unfinished",
    )
    add_seed(parser, "held-out images, crops and training")
    add_offline(parser)
    add_json(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace, places: UserDirs, reporter: ConsoleReporter) -> int:
    """Train a detector and print what it was trained on and how good it is."""
    check_seed(args.seed)
    check_references(args)
    options = TrainingOptions(args.out, args.reference, args.epochs, args.seed, args.resume)
    request = TrainDetectorRequest(source_of(args), args.boxes, options, args.format)
    done = train_detector(request, open_weights(places.weights), reporter, offline=args.offline)
    for line in summary(done.problems):
        reporter.warn(line)
    reporter.close()
    if args.json:
        print_json(_json(done, args.out))
    else:
        _print(done, args.out)
    return 0


def _json(done: TrainedOnBoxes, out: Path) -> dict[str, object]:
    settings, facts = done.detector.settings, done.detector.facts
    return {
        "images": facts.images,
        "held_out": facts.held_out,
        "labels": dict(facts.boxes),
        "with_references": settings.with_references,
        "scale": settings.scale,
        "threshold": settings.threshold,
        "epochs": facts.epochs,
        "figures": dict(facts.figures),
        "curve": [asdict(point) for point in facts.curve],
        "weights": facts.start,
        "resumed_at": done.resumed_at,
        "rejected": done.rejected,
        "without_boxes": done.without_boxes,
        **problems_json(done.problems),
        "model": str(out),
        "seconds": facts.seconds,
    }


def _print(done: TrainedOnBoxes, out: Path) -> None:
    settings, facts = done.detector.settings, done.detector.facts
    boxes = counted(sum(facts.boxes.values()), "box")
    print_text(
        f"{counted(facts.images, 'image')} to train on and {facts.held_out:,} held out, with {boxes} of "
        f"{counted(len(facts.boxes), 'kind')}; {facts.epochs:g} epochs in {duration(facts.seconds)}"
    )
    for name, text in FIGURES.items():
        if name in facts.figures:
            print_text(f"  {text:<40} {facts.figures[name]:>7.3f}")
    print_text("  on the held-out images, which also chose the threshold; see evaluate-detector for others")
    if done.without_boxes:
        print_text(f"{counted(done.without_boxes, 'image')} without a box file not used")
    if done.rejected:
        print_text(f"{counted(done.rejected, 'file')} not used")
    needed = "; it needs golden references" if settings.with_references else ""
    print_text(f"written: detector {out}{needed}")
