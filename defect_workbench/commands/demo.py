"""`demo`: open the built-in sample set or the generated lot in the window, or cluster and export it."""

from __future__ import annotations

import argparse
from pathlib import Path

from defect_workbench.commands import cluster
from defect_workbench.commands.shared.common_options import Commands, add_json, add_offline
from defect_workbench.commands.shared.console import ConsoleReporter
from defect_workbench.core.errors import WorkbenchError
from defect_workbench.resources import resource
from defect_workbench.user_dirs import UserDirs


def add(commands: Commands, places: UserDirs) -> None:
    """Add the command and its options."""
    demo = commands.add_parser(
        "demo", help="open the built-in sample set in the window, or cluster and export it"
    )
    demo.add_argument(
        "--out", type=Path, metavar="DIR", help="export its clusters to DIR instead of opening the window"
    )
    demo.add_argument(
        "--lot",
        action="store_true",
        help="use a generated lot of three wafers with an inspection file (KLARF) instead of the sample set",
    )
    add_offline(demo)
    add_json(demo)
    demo.set_defaults(run=run)


def _free_folder(preferred: Path) -> Path:
    number, folder = 1, preferred
    while folder.exists():
        number += 1
        folder = preferred.with_name(f"{preferred.name}-{number}")
    return folder


def _lot(places: UserDirs) -> Path:
    from defect_workbench.sample.demo_lot import NAME, write_demo_lot

    folder = places.store.with_name(NAME)
    try:
        return write_demo_lot(folder)
    except OSError as error:
        raise WorkbenchError(f"the generated lot cannot be written to {folder}: {error.strerror}") from error


def run(args: argparse.Namespace, places: UserDirs, reporter: ConsoleReporter) -> int:
    """Open the set in the window; cluster and export it if there is no display."""
    sample = _lot(places) if args.lot else resource("sample")
    if args.out is None and args.open_window is not None:
        reporter.close()
        opened: int = args.open_window(sample)
        return opened
    parser = argparse.ArgumentParser()
    cluster.add(parser.add_subparsers(), places)
    out = args.out or _free_folder(Path("defect-workbench-demo"))
    argv = ["cluster", str(sample), "--out", str(out)] + ["--offline"] * args.offline + ["--json"] * args.json
    return cluster.run(parser.parse_args(argv), places, reporter)
