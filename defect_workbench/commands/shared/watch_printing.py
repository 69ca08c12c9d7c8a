"""`classify --watch`: its options, and what it prints."""

from __future__ import annotations

import argparse
import sys
from typing import Never

from defect_workbench.commands.shared.common_options import feature_options
from defect_workbench.commands.shared.console import ConsoleReporter, print_json
from defect_workbench.core.text import printable, sentence_case
from defect_workbench.storage.result.export_options import Mode
from defect_workbench.user_dirs import UserDirs
from defect_workbench.workflows.fab.watch_events import BatchDone, WatchBegan, WatchEvent, WatchRemark
from defect_workbench.workflows.fab.watch_folder import (
    DEFAULT_INTERVAL,
    LEAST_INTERVAL,
    WatchRequest,
    watch_folder,
)


def add_watch(parser: argparse.ArgumentParser) -> None:
    """Add `--watch` and `--interval`."""
    parser.add_argument(
        "--watch",
        action="store_true",
        help="keep running until Ctrl-C: classify new images, append them to DIR, and print an alarm when "
        "unknown images or a label become more frequent than usual; the same command continues after a stop",
    )
    parser.add_argument(
        "--interval",
        type=float,
        default=None,
        metavar="S",
        help=f"seconds between two scans of the folder, at least {LEAST_INTERVAL}, with --watch; a file is "
        f"read once it has not changed for two scans; default: {DEFAULT_INTERVAL:g}",
    )


def run_watch(args: argparse.Namespace, places: UserDirs, reporter: ConsoleReporter) -> Never:
    """Watch a folder until Ctrl-C; print a line per batch and alarm on standard error.

    Raises
    ------
    Cancelled
        After Ctrl-C.
    """
    interval = DEFAULT_INTERVAL if args.interval is None else args.interval
    request = WatchRequest(args.folder, args.model, args.out, interval, Mode(args.mode), args.false_alarms)

    def tell(event: WatchEvent) -> None:
        reporter.close()
        for line in lines_of(event):
            print(printable(line), file=sys.stderr, flush=True)
        if args.json and isinstance(event, BatchDone):
            print_json(json_of(event))
            sys.stdout.flush()

    watch_folder(request, feature_options(args, places), reporter, tell)


def lines_of(event: WatchEvent) -> list[str]:
    """Return the lines for the log, each with the time."""
    if isinstance(event, WatchBegan):
        return [f"{sentence_case(event.words)}. Ctrl-C stops it"]
    time = f"{event.time:%Y-%m-%d %H:%M:%S}"
    if isinstance(event, BatchDone):
        return [f"{time}  {event.words}", *(f"{time}  alarm: {alarm.words}" for alarm in event.alarms)]
    if isinstance(event, WatchRemark):
        return [f"{time}  note: {event.words}"]
    return [f"{time}  {'warning: ' if event.problem else ''}{event.words}"]


def json_of(event: BatchDone) -> dict[str, object]:
    """Return the JSON object of a batch."""
    return {
        "time": event.time.isoformat(timespec="seconds"),
        "images": len(event.images),
        "labels": event.labels,
        "unknown": event.unknown,
        "rejected": [{"path": path, "reason": reason} for path, reason in event.rejected],
        "replaced": list(event.replaced),
        "alarms": [
            {
                "subject": alarm.subject.kind,
                "label": alarm.subject.label,
                "change": "rise" if alarm.rose else "return",
                "usual": round(alarm.usual, 4),
                "share": round(alarm.share, 4),
                "images": alarm.images,
                "message": alarm.words,
            }
            for alarm in event.alarms
        ],
        "total": event.total,
        "total_rejected": event.total_rejected,
    }
