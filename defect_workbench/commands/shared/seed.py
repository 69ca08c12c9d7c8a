"""What the commands share."""

from __future__ import annotations

import argparse
from typing import TypeAlias

from defect_workbench.core.errors import InputError

Commands: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"


def check_seed(seed: int) -> None:
    """Refuse a seed that no generator takes.

    Raises
    ------
    InputError
    """
    if seed < 0:
        raise InputError("--seed must not be negative")
    if seed >= 2**32:
        raise InputError("--seed must be below 4,294,967,296")
