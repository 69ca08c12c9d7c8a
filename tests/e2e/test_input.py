"""Pictures as microscopes write them, through the real command line."""

import json
from pathlib import Path

import numpy as np
import pytest
import tifffile
from PIL import Image

from defect_workbench.sample.synthetic import KINDS, render
from defect_workbench.storage.session.session_file import load_session
from tests.processes import Command, table
from tests.unit.features.test_info_bar import with_bar
from tests.unit.input.test_afm import gwy, heights, needs_reader
from tests.unit.input.test_tool_facts import HITACHI, ZEISS


@pytest.fixture
def lot(tmp_path: Path) -> Path:
    folder = tmp_path / "lot"
    folder.mkdir()
    kinds = ("small-particle", "pit", "scratch")
    for index in range(12):
        pixels = render(KINDS[kinds[index % 3]], np.random.default_rng(index))
        name = f"{index:02d}-{kinds[index % 3]}"
        if index < 6:
            tags = [(34118, "s", 0, ZEISS, True)]
            tifffile.imwrite(folder / f"{name}.tif", with_bar(pixels, 24, 0, 255), extratags=tags)
        else:
            Image.fromarray(pixels).save(folder / f"{name}.png")
            (folder / f"{name}.txt").write_text(HITACHI)
    return folder


@needs_reader
def test_tool_images_end_with_measurements_in_nanometres(lot: Path, tmp_path: Path, command: Command) -> None:
    (lot / "map.gwy").write_bytes(gwy(heights()))
    done = command("cluster", lot, "--out", tmp_path / "out", "--offline", "--json", "--denoise", "median")
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout)
    assert result["processing"]["denoise"] == "median"
    assert result["info_bars"] == 6
    assert result["scales"]["counts"] == [[4.0, 1], [5.58, 6], [9.92, 6]]
    assert "different scales" in done.stderr
    assert "5.58 nm/pixel" in done.stderr
    assert "--rescale" in done.stderr
    lines = table(tmp_path / "out" / "measurements.csv")
    assert [line["path"] for line in lines] == [line["path"] for line in table(tmp_path / "out/manifest.csv")]
    for line in lines[:-1]:
        assert int(line["defects"]) >= 1
        ratio = float(line["area_nm2"]) / float(line["area_px2"])
        assert ratio == pytest.approx(float(line["pixel_size_nm"]) ** 2, rel=1e-4)
    assert lines[-1]["height_unit"] == "nm"
    project = load_session(tmp_path / "out" / "session.dwb")
    assert project.analysis.settings.processing.denoise == "median"
    assert "Measurements" in (tmp_path / "out" / "report.html").read_text(encoding="utf-8")


@pytest.mark.usefixtures("small_reports")
def test_two_runs_write_the_same_measurements(lot: Path, tmp_path: Path, command: Command) -> None:
    for number in (1, 2):
        options = ("--store", tmp_path / f"s{number}", "--background", "plane")
        done = command("cluster", lot, "--out", tmp_path / f"o{number}", "--offline", *options)
        assert done.returncode == 0, done.stderr
    for name in ("manifest.csv", "measurements.csv"):
        assert (tmp_path / "o1" / name).read_bytes() == (tmp_path / "o2" / name).read_bytes()


@pytest.mark.usefixtures("small_reports")
def test_lines_and_spaces_get_a_hint(tmp_path: Path, command: Command) -> None:
    folder = tmp_path / "lines"
    folder.mkdir()
    for index in range(6):
        pixels = render(KINDS["bridge"], np.random.default_rng(index))
        Image.fromarray(pixels).save(folder / f"{index}.png")
    plain = command("extract", folder, "--store", tmp_path / "s", "--offline")
    assert "try --background periodic" in plain.stdout
    followed = command("extract", folder, "--store", tmp_path / "s", "--offline", "--background", "periodic")
    assert followed.returncode == 0
    assert "hint" not in followed.stdout


@pytest.mark.parametrize(
    "options",
    [
        ("--info-bar", "some"),
        ("--info-bar", "0"),
        ("--rescale", "-1"),
        ("--denoise", "much"),
        ("--rescale", "x"),
    ],
)
def test_impossible_options_are_refused(
    lot: Path, tmp_path: Path, options: tuple[str, str], command: Command
) -> None:
    done = command("extract", lot, "--store", tmp_path / "s", "--offline", *options)
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "s").exists()


@pytest.mark.usefixtures("small_reports")
def test_the_outline_of_the_defect_can_decide(lot: Path, tmp_path: Path, command: Command) -> None:
    weights = ("--weight", "deep=0", "--weight", "shape=1")
    done = command("cluster", lot, "--out", tmp_path / "out", "--offline", "--json", "--cut", "3", *weights)
    assert done.returncode == 0, done.stderr
    assert (given := json.loads(done.stdout)["weights"])["outline"] == given["shape"] == 1.0
