"""`replay`: repeat the whole job of a session from its folder, giving the same manifest."""

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
from defect_workbench.commands.shared.console import ConsoleReporter, print_json, print_text
from defect_workbench.core.text import counted
from defect_workbench.user_dirs import UserDirs
from defect_workbench.workflows.replay import ReplayRequest, replay


def add(commands: Commands, places: UserDirs) -> None:
    """Add the command and its options."""
    parser = commands.add_parser("replay", help="repeat the whole job of a session, giving the same manifest")
    parser.add_argument("session", type=Path, metavar="SESSION", help="session file (.dwb)")
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="result folder: new or empty")
    parser.add_argument(
        "--folder", type=Path, metavar="FOLDER", help="folder that the images are in now, if they were moved"
    )
    add_store(parser, places.store)
    add_offline(parser)
    add_json(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace, places: UserDirs, reporter: ConsoleReporter) -> int:
    """Repeat the job and report that the manifest is the same."""
    request = ReplayRequest(args.session, args.out, args.folder)
    replayed = replay(request, feature_options(args, places), reporter)
    images, out = len(replayed.project.images), replayed.plan.out
    reporter.close()
    if args.json:
        print_json({"images": images, "identical": True, "out": str(out)})
        return 0
    print_text(f"{counted(images, 'image')} written to {out}; the manifest is the same")
    return 0
