"""`demo`: the sample set, clustered headless."""

from __future__ import annotations

import argparse
from pathlib import Path

from defect_workbench.commands import cluster
from defect_workbench.commands.shared.common_options import Commands, add_offline
from defect_workbench.commands.shared.console import ConsoleReporter
from defect_workbench.resources import resource
from defect_workbench.user_dirs import UserDirs


def add(commands: Commands, places: UserDirs) -> None:
    """Its options."""
    demo = commands.add_parser("demo", help="the sample set, in the window or headless")
    demo.add_argument("--out", type=Path, metavar="DIR", help="cluster it headless into DIR")
    add_offline(demo)
    demo.set_defaults(run=run)


def _free_folder(wanted: Path) -> Path:
    number, folder = 1, wanted
    while folder.exists():
        number += 1
        folder = wanted.with_name(f"{wanted.name}-{number}")
    return folder


def run(args: argparse.Namespace, places: UserDirs, reporter: ConsoleReporter) -> int:
    """Open the sample set in the window, or cluster it where there is none."""
    sample = resource("sample")
    if args.out is None and args.open_window is not None:
        reporter.close()
        opened: int = args.open_window(sample)
        return opened
    parser = argparse.ArgumentParser()
    cluster.add(parser.add_subparsers(), places)
    out = args.out or _free_folder(Path("defect-workbench-demo"))
    argv = ["cluster", str(sample), "--out", str(out)] + ["--offline"] * args.offline
    return cluster.run(parser.parse_args(argv), places, reporter)
