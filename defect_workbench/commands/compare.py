"""`compare`: how far two sortings of the same images agree."""

from __future__ import annotations

import argparse
from pathlib import Path

from defect_workbench.commands.shared.common_options import Commands, add_json
from defect_workbench.commands.shared.console import ConsoleReporter, say, say_json
from defect_workbench.user_dirs import UserDirs
from defect_workbench.workflows.compare import compare as agreement
from defect_workbench.workflows.open_project import open_session


def add(commands: Commands, places: UserDirs) -> None:
    """Its options."""
    compare = commands.add_parser("compare", help="how far two sortings of the same images agree")
    compare.add_argument("session", type=Path, metavar="SESSION")
    compare.add_argument("other", type=Path, metavar="OTHER", help="a session, or folders sorted by hand")
    add_json(compare)
    compare.set_defaults(run=run)


def run(args: argparse.Namespace, places: UserDirs, reporter: ConsoleReporter) -> int:
    """Compare, and print the agreement."""
    found = agreement(open_session(args.session), args.other, reporter)
    reporter.close()
    if args.json:
        result = {
            "adjusted_rand_index": found.adjusted_rand_index,
            "purity": found.purity,
            "images": len(found.first),
            "only_in_session": found.missing[0],
            "only_in_other": found.missing[1],
            "rows": found.rows,
            "columns": found.columns,
            "table": found.table.tolist(),
        }
        say_json(result)
        return 0
    say(f"adjusted Rand index {found.adjusted_rand_index:.3f}, purity {found.purity:.3f}")
    only_here, only_there = found.missing
    say(f"{len(found.first):,} images in common, {only_here:,} only here, {only_there:,} only there")
    for row, label in enumerate(found.rows):
        cells = sorted(zip(found.table[row].tolist(), found.columns, strict=True), reverse=True)
        say(f"  {label:<24} " + ", ".join(f"{name} {count:,}" for count, name in cells if count))
    return 0
