"""`weights`: show, download or import the network weights."""

from __future__ import annotations

import argparse
from dataclasses import asdict
from pathlib import Path

from defect_workbench.commands.shared.command_line_remedies import REMEDY_TEXTS
from defect_workbench.commands.shared.common_options import Commands, add_json
from defect_workbench.commands.shared.console import ConsoleReporter, print_json, print_text
from defect_workbench.core.errors import Remedy
from defect_workbench.engine.backbone.pretrained.sources import sources_by_name
from defect_workbench.user_dirs import UserDirs
from defect_workbench.workflows.weights import fetch_weights, import_weights, open_weights


def add(commands: Commands, places: UserDirs) -> None:
    """Add the command and its options."""
    weights = commands.add_parser("weights", help="show, download or import the network weights")
    actions = weights.add_subparsers(dest="action", metavar="status|fetch|import", required=True)
    status = actions.add_parser("status", help="show which weights are in use")
    add_json(status)
    fetch = actions.add_parser("fetch", help="download published weights")
    fetch.add_argument(
        "--source",
        choices=list(sources_by_name()),
        default="any",
        help="where to download from; default: any, the first that can be reached",
    )
    importing = actions.add_parser(
        "import", help="import weights from a file, for machines without internet access"
    )
    importing.add_argument("file", type=Path, metavar="FILE", help="weights file")
    for action in (status, fetch, importing):
        action.set_defaults(run=run)


def run(args: argparse.Namespace, places: UserDirs, reporter: ConsoleReporter) -> int:
    """Show, download or import the weights."""
    folder = places.weights
    if args.action == "status":
        library = open_weights(folder)
        in_use = library.info()
        if args.json:
            print_json({"weights": asdict(in_use) if in_use else None, "folder": str(folder)})
        elif in_use is None:
            print_text(f"no network weights in {folder}; {REMEDY_TEXTS[Remedy.FETCH_WEIGHTS]}")
        else:
            print_text(f"{in_use.name}\nsha256 {in_use.sha256}\nin {library.file()}")
        return 0
    if args.action == "fetch":
        info = fetch_weights(folder, reporter, args.source)
    else:
        info = import_weights(folder, args.file)
    reporter.close()
    print_text(f"in use: {info.name}, sha256 {info.sha256}")
    return 0
