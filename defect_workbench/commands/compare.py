"""`compare`: measure how far two groupings of the same images agree."""

from __future__ import annotations

import argparse
from pathlib import Path

from defect_workbench.commands.shared.common_options import Commands, add_json
from defect_workbench.commands.shared.console import ConsoleReporter, print_json, print_text
from defect_workbench.core.text import counted
from defect_workbench.user_dirs import UserDirs
from defect_workbench.workflows.compare import compare as agreement
from defect_workbench.workflows.open_project import open_session


def add(commands: Commands, places: UserDirs) -> None:
    """Add the command and its options."""
    compare = commands.add_parser("compare", help="measure how far two groupings of the same images agree")
    compare.add_argument("session", type=Path, metavar="SESSION", help="session file (.dwb)")
    compare.add_argument(
        "other", type=Path, metavar="OTHER", help="session file, or folder with one subfolder per label"
    )
    add_json(compare)
    compare.set_defaults(run=run)


def run(args: argparse.Namespace, places: UserDirs, reporter: ConsoleReporter) -> int:
    """Compare the groupings and print their agreement."""
    comparison = agreement(open_session(args.session), args.other, reporter)
    reporter.close()
    if args.json:
        result = {
            "adjusted_rand_index": comparison.adjusted_rand_index,
            "purity": comparison.purity,
            "images": len(comparison.first),
            "only_in_session": comparison.missing[0],
            "only_in_other": comparison.missing[1],
            "rows": comparison.rows,
            "columns": comparison.columns,
            "table": comparison.table.tolist(),
        }
        print_json(result)
        return 0
    print_text(f"adjusted Rand index {comparison.adjusted_rand_index:.3f}, purity {comparison.purity:.3f}")
    only_in_session, only_in_other = comparison.missing
    print_text(
        f"{counted(len(comparison.first), 'image')} in both, {only_in_session:,} only in {args.session}, "
        f"{only_in_other:,} only in {args.other}"
    )
    for row, label in enumerate(comparison.rows):
        cells = sorted(zip(comparison.table[row].tolist(), comparison.columns, strict=True), reverse=True)
        print_text(f"  {label:<24} " + ", ".join(f"{name} {count:,}" for count, name in cells if count))
    return 0
