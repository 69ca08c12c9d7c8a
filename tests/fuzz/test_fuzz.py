"""A few random folders in every run; `python -m tests.fuzz` runs for as long as you like."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.fuzz.checks import check, options
from tests.fuzz.folders import File, folders

quiet = {"deadline": None, "derandomize": True, "suppress_health_check": list(HealthCheck)}


@pytest.mark.e2e
@pytest.mark.usefixtures("small_reports")
@settings(max_examples=4, **quiet)  # type: ignore[arg-type]
@given(files=folders, chosen=options)
def test_random_folders_keep_all_invariants(files: list[File], chosen: dict[str, object]) -> None:
    check(files, chosen, None)


@pytest.mark.slow
@settings(max_examples=60, **quiet)  # type: ignore[arg-type]
@given(files=folders, chosen=options, kill=st.integers(0, 1000))
def test_random_folders_and_kills_keep_all_invariants(
    files: list[File], chosen: dict[str, object], kill: int
) -> None:
    check(files, chosen, kill if kill % 3 == 0 else None)
