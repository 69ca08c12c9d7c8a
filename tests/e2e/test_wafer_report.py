"""The report of a lot whose table says where the defects are."""

import math
from pathlib import Path

import pytest

from defect_workbench.commands.shared.result_options import placement_json, print_placement
from defect_workbench.core.wafer.placement import PlacementFinding, Signature
from tests.builders import made_lot
from tests.processes import Command


def test_a_table_with_places_brings_the_wafers_into_the_report(tmp_path: Path, command: Command) -> None:
    lot = made_lot(tmp_path / "lot", 24)
    rows = [f"{i:02d}.png;{i % 2 + 1};{10 * (i % 7) - 30};{5 * i - 60}" for i in range(24)]
    (tmp_path / "places.csv").write_text("\n".join(["file;wafer;x_mm;y_mm", *rows]))
    out = tmp_path / "out"
    done = command(
        "cluster", lot, "--out", out, "--offline", "--cut", "3", "--side-data", tmp_path / "places.csv"
    )
    assert done.returncode == 0, done.stderr
    assert "placement: " in done.stdout
    page = (out / "report.html").read_text(encoding="utf-8")
    assert "24 defects on 2 wafers. Places from places.csv: wafer, x_mm, y_mm." in page
    assert "Placement against the other defects" in page
    assert (out / "report.pdf").read_bytes().startswith(b"%PDF")


def test_only_placements_that_stand_out_are_printed(capsys: pytest.CaptureFixture[str]) -> None:
    line = PlacementFinding(0, "pit", 22, Signature.LINE, "along a line on wafer 2", "22 of 22", 0.0001)
    none = PlacementFinding(1, "dust", 24, Signature.RANDOM, "no different from the other defects", "", 0.5)
    print_placement([line, none])
    assert capsys.readouterr().out.splitlines() == [
        "placement: 1 of 2 clusters lies differently from the other defects.",
        "  pit: along a line on wafer 2 (p < 0.001); 22 of 22",
    ]
    print_placement([])
    assert not capsys.readouterr().out


def test_whether_a_cluster_lies_differently_is_unknown_if_it_was_not_tested() -> None:
    findings = [
        PlacementFinding(0, "pit", 22, Signature.LINE, "along a line on wafer 2", "22 of 22", 0.0001),
        PlacementFinding(1, "dust", 24, Signature.RANDOM, "no different from the other defects", "", 0.5),
        PlacementFinding(2, "haze", 2, Signature.FEW, "too few defects with a known place", "", math.nan),
    ]
    each = placement_json(findings)
    assert [row["differs"] for row in each] == [True, False, None]
    assert [row["p"] for row in each] == [0.0001, 0.5, None]
    assert each[0]["where"] == "along a line on wafer 2"
