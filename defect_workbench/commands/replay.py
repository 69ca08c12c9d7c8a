"""`replay`: the whole job of a session once more, from the folder."""

from __future__ import annotations

import argparse
from pathlib import Path

from defect_workbench.commands.shared.common_options import (
    Commands,
    add_json,
    add_offline,
    add_store,
    feature_options,
)
from defect_workbench.commands.shared.console import ConsoleReporter, say, say_json
from defect_workbench.user_dirs import UserDirs
from defect_workbench.workflows.replay import ReplayRequest, replay


def add(commands: Commands, places: UserDirs) -> None:
    """Its options."""
    parser = commands.add_parser("replay", help="a session's whole job once more, with the same manifest")
    parser.add_argument("session", type=Path, metavar="SESSION")
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="absent or empty")
    parser.add_argument("--folder", type=Path, metavar="FOLDER", help="where the images are now")
    add_store(parser, places.store)
    add_offline(parser)
    add_json(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace, places: UserDirs, reporter: ConsoleReporter) -> int:
    """Repeat the job, and say that its result is the same."""
    request = ReplayRequest(args.session, args.out, args.folder)
    replayed = replay(request, feature_options(args, places), reporter)
    images, out = len(replayed.project.images), replayed.plan.out
    reporter.close()
    if args.json:
        say_json({"images": images, "identical": True, "out": str(out)})
        return 0
    say(f"{images:,} images, the same manifest again, written to {out}")
    return 0
