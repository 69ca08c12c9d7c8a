"""What is handed over: the wheel, the bundle, the entry in the menu of a user."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest

from defect_workbench import __version__
from defect_workbench.user_dirs import HOME_VARIABLE
from tests.processes import run, table

ROOT = Path(__file__).resolve().parents[2]
PACKAGING = ROOT / "packaging"
BUNDLE_VARIABLE = "DEFECT_WORKBENCH_BUNDLE"
linux = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="a script for Linux")


def desktop(data: Path, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [PACKAGING / "install_desktop.sh", *arguments],
        capture_output=True,
        text=True,
        env={**os.environ, "XDG_DATA_HOME": str(data)},
        timeout=60,
        check=False,
    )


@linux
def test_the_menu_entry_starts_the_program_that_was_named_and_is_removed_without_a_trace(
    tmp_path: Path,
) -> None:
    program, data = tmp_path / 'a "new" $place' / "defect-workbench", tmp_path / "data"
    program.parent.mkdir()
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    foreign = data / "applications" / "other.desktop"
    foreign.parent.mkdir(parents=True)
    foreign.write_text("[Desktop Entry]\n")

    done = desktop(data, program)
    assert done.returncode == 0, done.stderr
    entry = data / "applications" / "defect-workbench.desktop"
    lines = dict(line.split("=", 1) for line in entry.read_text(encoding="utf-8").splitlines() if "=" in line)
    escaped = str(program).replace('"', '\\\\"').replace("$", "\\\\$")
    assert lines["Exec"] == f'"{escaped}" %f'
    kind = ElementTree.parse(data / "mime" / "packages" / "defect-workbench-session.xml").getroot()[0]
    assert kind.attrib["type"] in lines["MimeType"].split(";")
    assert [glob.attrib["pattern"] for glob in kind if glob.tag.endswith("}glob")] == ["*.dwb"]
    icons = data / "icons" / "hicolor"
    assert (icons / "48x48" / "apps" / f"{lines['Icon']}.png").is_file()
    assert (icons / "48x48" / "mimetypes" / f"{kind.attrib['type'].replace('/', '-')}.png").is_file()
    if validator := shutil.which("desktop-file-validate"):
        checked = subprocess.run([validator, entry], capture_output=True, text=True, check=False)
        assert checked.returncode == 0, checked.stdout

    assert desktop(data, "--remove").returncode == 0
    left = [path for path in data.rglob("*") if path.is_file() and "defect-workbench" in path.name]
    assert left == []
    assert foreign.exists()


@linux
def test_the_menu_entry_is_not_made_for_what_cannot_be_started(tmp_path: Path) -> None:
    for argument, reason in (("--delete", "unknown option --delete"), (tmp_path / "no", "is not a program")):
        done = desktop(tmp_path / "data", argument)
        assert done.returncode == 2
        assert reason in done.stderr
    assert not (tmp_path / "data").exists()


@linux
def test_a_build_outside_of_a_virtual_environment_is_refused_with_what_to_do(tmp_path: Path) -> None:
    base = Path(sys.base_prefix) / "bin" / f"python{sys.version_info.major}.{sys.version_info.minor}"
    if not base.is_file():
        pytest.skip(f"there is no {base}")
    (tmp_path / "python").symlink_to(base)
    environment = {name: value for name, value in os.environ.items() if name != "CONDA_PREFIX"}
    done = subprocess.run(
        [PACKAGING / "build_linux.sh"],
        capture_output=True,
        text=True,
        env={**environment, "PATH": f"{tmp_path}:/usr/bin:/bin"},
        timeout=60,
        check=False,
    )
    assert done.returncode == 2
    assert "no virtual environment is active" in done.stderr
    assert "python3 -m venv" in done.stderr
    assert done.stdout == ""


def test_the_self_check_reports_a_package_that_is_broken(tmp_path: Path, home: Path) -> None:
    for package, code in {"numpy": "raise ImportError('numpy is broken')", "PIL": "1 / 0"}.items():
        (tmp_path / package).mkdir()
        (tmp_path / package / "__init__.py").write_text(code)
    done = run("--self-check", PYTHONPATH=os.pathsep.join([str(tmp_path), str(ROOT)]))
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    page = " ".join(done.stdout.split())
    assert "features: numpy cannot be loaded (numpy is broken)" in page
    assert "images: PIL.Image cannot be loaded (division by zero)" in page
    assert "Program ok Defect Workbench" in page
    assert "The program cannot do its work here: " in page
    assert run("--self-check", "--jsn").returncode == 2
    assert not home.exists()


@pytest.mark.slow
def test_a_wheel_runs_the_demo_from_outside_the_checkout(
    tmp_path: Path, home: Path, with_weights: Path
) -> None:
    pip = [sys.executable, "-m", "pip"]
    subprocess.run([*pip, "wheel", "--quiet", "--no-deps", "-w", tmp_path / "wheels", ROOT], check=True)
    (wheel,) = (tmp_path / "wheels").iterdir()
    assert wheel.name == f"defect_workbench-{__version__}-py3-none-any.whl"
    site = tmp_path / "site"
    subprocess.run([*pip, "install", "--quiet", "--no-deps", "--target", site, wheel], check=True)
    names = ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM")
    environment = {name: value for name, value in os.environ.items() if name not in names}
    environment |= {"PYTHONPATH": str(site), HOME_VARIABLE: str(home)}
    (tmp_path / "elsewhere").mkdir()

    def printed(*arguments: str) -> str:
        done = subprocess.run(
            [site / "bin" / "defect-workbench", *arguments],
            capture_output=True,
            text=True,
            cwd=tmp_path / "elsewhere",
            env=environment,
            timeout=1800,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    assert f"installed package, {site / 'defect_workbench'}" in " ".join(printed("--self-check").split())
    result = json.loads(printed("demo", "--out", "result", "--json"))
    assert result["backbone"] is not None
    assert len(table(tmp_path / "elsewhere" / "result" / "manifest.csv")) == result["images"]


@linux
@pytest.mark.slow
def test_a_bundle_works_without_python_and_network() -> None:
    bundle = os.environ.get(BUNDLE_VARIABLE)
    if not bundle:
        pytest.skip(f"no bundle: build one with packaging/build_linux.sh and name it in {BUNDLE_VARIABLE}")
    done = subprocess.run(
        [PACKAGING / "test_bundle.sh", bundle], capture_output=True, text=True, timeout=3000, check=False
    )
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
    assert "ok: demo" in done.stdout
