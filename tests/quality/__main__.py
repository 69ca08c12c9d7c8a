"""Measure the quality of grouping, outliers and classification on labelled sets, and print one table.

    python -m tests.quality [FOLDER ...] [--seeds 3] [--images 400] [--classifier] [--json FILE]

Measures every folder of class folders in ../shared/data, the sets built from it and the generated ones, and
each FOLDER. A cell is the mean over random 80 % subsamples, with the 5 % and 95 % quantiles in brackets.
Features and built sets are kept in the cache folder, so a second run takes less time.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

from defect_workbench import __version__
from defect_workbench.user_dirs import UserDirs
from defect_workbench.workflows.extract import FeatureOptions
from tests.quality.evaluate import Plan, measure
from tests.quality.inventory import take_stock
from tests.quality.table import markdown

ROOT = Path(__file__).resolve().parents[2]
SHARED_DATA = ROOT.parent / "shared" / "data"


def note(line: str) -> None:
    """Print progress where it does not mix with the table."""
    print(line, file=sys.stderr, flush=True)


def version() -> str:
    """Return the commit of the checkout, marked if files have changed since; else the program's version."""
    command = ["git", "-C", str(ROOT), "describe", "--always", "--dirty", "--exclude", "*"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.stdout.strip() or __version__


def main() -> None:
    """Print the table and write the JSON file."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.quality", description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    user = UserDirs.of_user()
    parser.add_argument("folders", nargs="*", type=Path, metavar="FOLDER", help="a folder of class folders")
    parser.add_argument("--seeds", type=int, default=3, help="subsamples of each set (default: 3)")
    parser.add_argument("--images", type=int, default=400, help="most images of a set (default: 400)")
    parser.add_argument(
        "--only", action="append", default=[], metavar="NAME", help="set to measure; repeatable"
    )
    parser.add_argument("--classifier", action="store_true", help="also cross-validate a classifier (slow)")
    parser.add_argument("--precision", help="precision of the network (default: the fastest)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write all values to this file")
    parser.add_argument("--cache", type=Path, default=user.analyses.parent / "quality", metavar="DIR")
    args = parser.parse_args()
    if args.seeds < 1 or args.images < 1:
        parser.error("--seeds and --images must be at least 1")
    started = time.perf_counter()
    note("building sets")
    inventory = take_stock(SHARED_DATA, args.folders, args.cache)
    unknown = set(args.only) - {found.name for found in inventory.sets}
    if unknown:
        parser.error(f"--only {', '.join(sorted(unknown))}: there is no such set")
    options = replace(FeatureOptions.at(user), store=args.cache / "features", precision=args.precision)
    plan = Plan(args.seeds, args.images, frozenset(args.only), args.classifier)
    results = measure(inventory.sets, plan, options, note)
    results.skipped |= inventory.skipped
    facts = {
        "version": version(),
        "machine": f"{platform.machine()}, {os.cpu_count()} cores, {platform.system()}",
        "python": platform.python_version(),
        "seeds": args.seeds,
        "images": args.images,
        "seconds": round(time.perf_counter() - started),
    }
    print(", ".join(f"{name}: {value}" for name, value in facts.items()), end="\n\n")
    print(markdown(results))
    for name, reason in results.skipped.items():
        print(f"\nSkipped {name}: {reason}")
    if args.json is not None:
        content = json.dumps({**facts, **results.as_json()}, indent=1)
        args.json.write_text(content + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
