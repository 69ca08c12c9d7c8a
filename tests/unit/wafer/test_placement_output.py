"""How placements are printed, and what the JSON output says of them."""

import math

import pytest

from defect_workbench.commands.shared.result_options import placement_json, print_placement
from defect_workbench.core.wafer.placement import PlacementFinding, Signature


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
