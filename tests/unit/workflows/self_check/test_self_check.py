"""The page for administrators: what works here, and what to do about what does not."""

import json
import os
from pathlib import Path

import pytest

from defect_workbench.core.errors import Remedy
from defect_workbench.core.progress import SilentReporter
from defect_workbench.user_dirs import HOME_VARIABLE, UserDirs
from defect_workbench.workflows.self_check.check import Finding, Machine, SelfCheck, State, failed, ok
from defect_workbench.workflows.self_check.checks import (
    display,
    extras,
    network_weights,
    packages,
    user_folders,
)
from defect_workbench.workflows.self_check.registry import SELF_CHECKS
from defect_workbench.workflows.self_check.run_checks import program_works, run_checks
from tests.processes import Command


@pytest.fixture
def machine(places: UserDirs, tmp_path: Path) -> Machine:
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    return Machine(places, scratch)


@pytest.fixture
def only(monkeypatch: pytest.MonkeyPatch) -> SelfCheck:
    """Replace all checks by one that works, so that a test adds the one it is about."""
    check = SelfCheck("fine", "Fine part", lambda machine: ok("it works"))
    monkeypatch.setattr(SELF_CHECKS, "_entries", (check,))
    return check


@pytest.mark.e2e
def test_without_weights_the_page_says_how_to_get_them_and_nothing_is_written_to_the_home(
    command: Command, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)
    done = command("--self-check", "--json")
    assert done.returncode == 0
    page = json.loads(done.stdout)
    assert page["works"] is True
    parts = {part["name"]: part for part in page["checks"]}
    assert tuple(parts) == SELF_CHECKS.names
    assert parts["network_weights"]["state"] == "limited"
    assert "weights import FILE" in parts["network_weights"]["remedy"]
    assert "haralick 26" in parts["sample_run"]["lines"][0]
    assert "without the network" in parts["sample_run"]["lines"][1]
    assert {parts[name]["state"] for name in ("installation", "packages", "user_folders")} == {"ok"}
    assert not home.exists()


def test_a_part_that_is_broken_is_reported_and_the_others_are_still_checked(
    command: Command, only: SelfCheck
) -> None:
    def broken(machine: Machine) -> Finding:
        raise ImportError("libfoo.so.1: cannot open shared object file")

    with SELF_CHECKS.including(SelfCheck("broken", "Broken part", broken)):
        done = command("self-check")
    assert done.returncode == 1
    lines = done.stdout.splitlines()
    assert lines[0].split() == ["Fine", "part", "ok", "it", "works"]
    assert "FAILED" in lines[1]
    assert "libfoo.so.1" in lines[1]
    assert "→ install the program again" in lines[2]
    assert "cannot do its work here: Broken part" in lines[-1]


def test_packages_write_to_a_temporary_folder_that_is_removed(
    places: UserDirs, only: SelfCheck, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MPLCONFIGDIR", "/before")
    used: list[Path] = []

    def look(machine: Machine) -> Finding:
        used.append(machine.scratch)
        return ok(os.environ["MPLCONFIGDIR"])

    with SELF_CHECKS.including(SelfCheck("look", "Look", look)):
        checked = run_checks(places, SilentReporter())
    assert checked[-1].finding.lines == (str(used[0]),)
    assert not used[0].exists()
    assert os.environ["MPLCONFIGDIR"] == "/before"


def test_one_failed_part_means_that_the_program_does_not_work(places: UserDirs, only: SelfCheck) -> None:
    assert program_works(run_checks(places, SilentReporter()))
    with SELF_CHECKS.including(SelfCheck("bad", "Bad", lambda machine: failed("no"))):
        assert not program_works(run_checks(places, SilentReporter()))


def test_a_package_that_cannot_be_loaded_is_named_with_the_part_that_needs_it(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(packages, "PARTS", {"images": ("PIL.Image", "no_such_decoder"), "slides": ("pptx",)})
    finding = packages.ENTRY.run(machine)
    assert finding.state is State.FAILED
    assert [line.split(" (")[0] for line in finding.lines] == ["images: no_such_decoder cannot be loaded"]


def test_an_extra_is_present_absent_or_broken(
    machine: Machine, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "broken_extra.py").write_text("import no_such_module\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr(extras, "EXTRAS", {"one": ("json", "a"), "two": ("no_such_module", "b")})
    finding = extras.ENTRY.run(machine)
    assert finding == ok("one is installed (a)", "two is not installed (b)")
    monkeypatch.setattr(extras, "EXTRAS", {"three": ("broken_extra", "c")})
    finding = extras.ENTRY.run(machine)
    assert finding.state is State.FAILED
    assert "broken_extra cannot be loaded" in finding.lines[0]


@pytest.mark.e2e
def test_damaged_weights_fail_and_good_ones_are_named_with_their_hash(
    machine: Machine, tmp_path: Path
) -> None:
    import torch

    from defect_workbench.engine.backbone.pretrained import WeightsLibrary
    from defect_workbench.engine.backbone.torchvision_gate import resnet50

    torch.save(resnet50(weights=None).state_dict(), tmp_path / "mine.pth")
    library = WeightsLibrary(machine.places.weights)
    info = library.import_file(tmp_path / "mine.pth")
    finding = network_weights.ENTRY.run(machine)
    assert finding.state is State.OK
    assert info.sha256 in finding.lines[1]
    path = library.folder / info.file
    content = bytearray(path.read_bytes())
    content[-5] ^= 255
    path.write_bytes(bytes(content))
    finding = network_weights.ENTRY.run(machine)
    assert finding.state is State.FAILED
    assert "damaged" in finding.lines[-1]
    assert finding.remedy is Remedy.GET_WEIGHTS


def test_missing_display_libraries_fail_only_where_there_is_a_display(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.platform", "linux")
    monkeypatch.setattr(display, "qt_library", lambda: Path("libqxcb.so"))
    monkeypatch.setattr(
        display,
        "why_not_loaded",
        lambda plugin: "libEGL.so.1 is missing. On Debian: apt install libegl1",
    )
    monkeypatch.setenv("DISPLAY", ":0")
    finding = display.ENTRY.run(machine)
    assert finding.state is State.FAILED
    assert finding.remedy == "On Debian: apt install libegl1"
    monkeypatch.delenv("DISPLAY")
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    assert display.ENTRY.run(machine).state is State.LIMITED


def test_folders_that_cannot_be_written_to_are_named(
    machine: Machine, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("os.access", lambda path, mode: Path(path) != home.parent)
    finding = user_folders.ENTRY.run(machine)
    assert finding.state is State.FAILED
    assert f"{home.parent} cannot be written to" in finding.lines
    assert HOME_VARIABLE in str(finding.remedy)
