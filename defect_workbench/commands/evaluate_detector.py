"""`evaluate-detector`: compare the defects that are found with boxes that people drew."""

from __future__ import annotations

import argparse
from pathlib import Path

from defect_workbench.commands.shared.common_options import Commands, add_json
from defect_workbench.commands.shared.console import ConsoleReporter, print_json, print_text
from defect_workbench.commands.shared.detector_options import (
    FIGURES,
    add_box_options,
    add_detector,
    check_references,
    problems_json,
)
from defect_workbench.commands.shared.source_options import add_source, source_of
from defect_workbench.core.text import counted
from defect_workbench.storage.boxes.box_folder import summary
from defect_workbench.user_dirs import UserDirs
from defect_workbench.workflows.detection.compare_with_boxes import (
    EvaluatedDetector,
    EvaluateRequest,
    evaluate_detector,
)


def add(commands: Commands, places: UserDirs) -> None:
    """Add the command and its options."""
    parser = commands.add_parser(
        "evaluate-detector", help="compare the defects that are found with boxes that people drew"
    )
    add_source(parser)
    add_detector(parser)
    add_box_options(parser)
    parser.add_argument(
        "--errors",
        type=Path,
        metavar="DIR",
        help="new folder for what is wrong: missed, false and wrongly named defects, as a table and as "
        "pictures",
    )
    add_json(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace, places: UserDirs, reporter: ConsoleReporter) -> int:
    """Evaluate the detector and print its figures."""
    check_references(args)
    request = EvaluateRequest(
        source_of(args), args.boxes, args.reference, args.format, args.model, args.errors
    )
    done = evaluate_detector(request, reporter)
    for line in summary(done.problems):
        reporter.warn(line)
    reporter.close()
    if args.json:
        print_json(_json(done, args.model))
    else:
        _print(done)
    return 0


def _json(done: EvaluatedDetector, model: Path | None) -> dict[str, object]:
    figures = done.figures
    return {
        "images": figures.images,
        "boxes": figures.boxes,
        "detections": figures.detections,
        **{name: _rounded(figures.values[name]) for name in FIGURES},
        "intervals": {name: [round(v, 4) for v in pair] for name, pair in figures.intervals.items()},
        "recall_of": {
            label: {"boxes": number, "recall": round(share, 4)}
            for label, (number, share) in figures.recall_of.items()
        },
        "free_response": [
            {"false_per_image": allowed, "recall": round(share, 4)}
            for allowed, share in figures.free_response
        ],
        "model": None if model is None else str(model),
        "classical_finder": None
        if done.finder is None
        else {name: _rounded(done.finder.values[name]) for name in FIGURES},
        "format": done.format,
        "rejected": done.rejected,
        "without_boxes": done.without_boxes,
        **problems_json(done.problems),
        "seconds_per_image": round(done.seconds, 4),
    }


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 4)


def _print(done: EvaluatedDetector) -> None:
    figures = done.figures
    print_text(
        f"{counted(figures.detections, 'defect')} found in {counted(figures.images, 'image')} with "
        f"{counted(figures.boxes, 'box')} ({done.seconds:.2f} s per image)"
    )
    for name, text in FIGURES.items():
        value = figures.values[name]
        shown = "–" if value is None else f"{value:.3f}"
        low_high = figures.intervals.get(name)
        interval = "" if low_high is None else f"  ({low_high[0]:.3f} to {low_high[1]:.3f})"
        compared = ""
        if done.finder is not None and name != "median_guess_mae":
            other = done.finder.values[name]
            compared = f"  classical finder: {'–' if other is None else f'{other:.3f}'}"
        print_text(f"  {text:<56} {shown:>7}{interval}{compared}")
    for label, (number, share) in figures.recall_of.items():
        print_text(f"  found of {number:,} marked {label}: {share:.1%}")
    if done.without_boxes:
        print_text(f"{counted(done.without_boxes, 'image')} without a box file not counted")
