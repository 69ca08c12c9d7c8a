"""What every check of the installation must do."""

import subprocess
import sys
from pathlib import Path

import pytest

from defect_workbench.user_dirs import UserDirs
from defect_workbench.workflows.self_check.check import Machine, SelfCheck, State
from defect_workbench.workflows.self_check.registry import SELF_CHECKS
from tests.unit.program.test_house import ROOT


@pytest.mark.parametrize("check", SELF_CHECKS, ids=SELF_CHECKS.names)
def test_a_finding_has_lines_and_a_remedy_where_one_is_needed(
    check: SelfCheck, places: UserDirs, home: Path, tmp_path: Path
) -> None:
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    finding = check.run(Machine(places, scratch))
    assert finding.lines
    assert all(line and not line.endswith(".") and "\n" not in line for line in finding.lines)
    assert finding.state is not State.FAILED or finding.remedy
    assert len(check.label) < 15, "the page has that much room"
    assert not home.exists(), "a check looks and leaves nothing"


def test_checks_import_what_they_examine_only_when_they_run() -> None:
    modules = "defect_workbench.__main__, defect_workbench.commands.self_check"
    code = f"import sys, {modules}; print('\\n'.join(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    loaded = {name.split(".")[0] for name in done.stdout.split()}
    assert not loaded & {"numpy", "torch", "torchvision", "PySide6", "PIL", "scipy", "matplotlib", "pyarrow"}
