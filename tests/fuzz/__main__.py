"""Run random folders for some minutes and list the failures."""

from __future__ import annotations

import argparse
import time
import traceback
from pathlib import Path

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import seed as seeded
from hypothesis import strategies as st

from tests.fuzz.checks import check, options
from tests.fuzz.folders import folders

_ROUND = 25
_KILLS = 6


def main() -> int:
    """Run until the time is up and print failures as they occur; their number is the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--findings", type=Path, help="also write them to this file")
    args = parser.parse_args()
    end = time.monotonic() + 60 * args.minutes
    examples = rounds = 0
    found: dict[str, str] = {}
    while time.monotonic() < end:
        rounds += 1

        @seeded(args.seed + rounds)
        @settings(
            max_examples=_ROUND,
            deadline=None,
            database=None,
            phases=[Phase.generate, Phase.shrink],
            suppress_health_check=list(HealthCheck),
            report_multiple_bugs=False,
        )
        @given(files=folders, chosen=options, kill=st.integers(0, _KILLS * 1000))
        def one(files: object, chosen: object, kill: int) -> None:
            nonlocal examples
            if time.monotonic() > end:
                return
            examples += 1
            check(files, chosen, kill if kill % _KILLS == 0 else None)  # type: ignore[arg-type]

        try:
            one()
        except Exception as error:
            where = traceback.extract_tb(error.__traceback__)[-1]
            key = f"{type(error).__name__} {where.filename.rpartition('/')[2]}:{where.lineno} {error}"[:160]
            text = "".join(traceback.format_exception(error)) + "\n".join(getattr(error, "__notes__", []))
            if key not in found:
                found[key] = text
                print(f"FOUND {key}\n{text[-6000:]}", flush=True)
                if args.findings:
                    args.findings.write_text("\n\n".join(found.values()), encoding="utf-8")
        print(
            f"{examples} folders, {len(found)} findings, {(end - time.monotonic()) / 60:.0f} min left",
            flush=True,
        )
    return min(len(found), 100)


if __name__ == "__main__":
    raise SystemExit(main())
