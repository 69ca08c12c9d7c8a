"""Measure the speed of everything, and print one page.

    python -m tests.perf [--only NAME ...] [--quick]

Runs the benchmarks of this folder one after the other, each in a process of its own. Other work on the
machine should rest meanwhile. With `--quick`, fewer rounds and no set of more than 10,000 images.
"""

from __future__ import annotations

import argparse
import os
import platform
import subprocess
import sys
import time
from dataclasses import dataclass


@dataclass(frozen=True)
class Benchmark:
    """A module of this folder, and its options."""

    title: str
    options: tuple[str, ...] = ()
    quick: tuple[str, ...] = ()


BENCHMARKS = {
    "extraction": Benchmark("Extraction, beside a notebook script", (), ("--rounds", "2", "--images", "96")),
    "startup": Benchmark("Start of the window", (), ("--rounds", "2")),
    "bench": Benchmark("The window's reactions", (), ("--rounds", "2", "--largest", "10000")),
    "stalls": Benchmark("Stalls of the window during jobs", (), ("--rounds", "1")),
    "sorting": Benchmark("Sorting by keys at full size"),
    "wafer": Benchmark("Wafer map"),
    "klarf_listing": Benchmark("Listing an inspection file"),
    "klarf_window": Benchmark("A large inspection file in the window", (), ("--defects", "3000")),
    "large": Benchmark("Large sets", (), ("times", "--sizes", "1000", "3000", "10000")),
}


def machine() -> str:
    """Return what the figures were measured on."""
    model = platform.processor() or platform.machine()
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as facts:
            model = next(line.split(":")[1].strip() for line in facts if line.startswith("model name"))
    except (OSError, StopIteration):
        pass
    import torch

    features = [name for name, present in torch.cpu.get_capabilities().items() if present is True]
    return (
        f"{model}, {os.cpu_count()} cores, {platform.system()}, Python {platform.python_version()}, "
        f"torch {torch.__version__}; {', '.join(features)}"
    )


def main() -> int:
    """Print all figures; return 1 if a benchmark failed."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.perf", description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--only", action="append", choices=list(BENCHMARKS), metavar="NAME")
    parser.add_argument("--quick", action="store_true")
    args = parser.parse_args()
    print(machine())
    failed = []
    for name in args.only or BENCHMARKS:
        benchmark = BENCHMARKS[name]
        print(f"\n## {benchmark.title}", flush=True)
        started = time.perf_counter()
        command = [sys.executable, "-m", f"tests.perf.{name}"]
        done = subprocess.run(
            [*command, *(benchmark.quick if args.quick else benchmark.options)], check=False
        )
        print(f"({time.perf_counter() - started:.0f} s)", flush=True)
        if done.returncode:
            failed.append(name)
    if failed:
        print(f"\nfailed: {', '.join(failed)}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
