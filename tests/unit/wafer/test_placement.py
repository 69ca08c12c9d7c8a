"""Where clusters lie on wafers, compared with the other defects."""

from __future__ import annotations

import numpy as np
import pytest

from defect_workbench.core.progress import SilentReporter
from defect_workbench.core.wafer.placement import PlacementFinding, Signature
from defect_workbench.engine.wafer import label_shuffles
from defect_workbench.engine.wafer.closeness import Distances, Joins
from defect_workbench.engine.wafer.label_shuffles import compare_with_shuffled
from defect_workbench.engine.wafer.placement_findings import clock, placement_findings
from defect_workbench.sample.wafer_lot import ANYWHERE, AT_THE_EDGE, SCRATCHED, make_lot
from tests.unit.wafer.scenes import disc, places_of_lot, scene

LABELS = ["a", "b", "c", "d", "e"]


def findings_of(kind: str, seed: int) -> tuple[PlacementFinding, ...]:
    places, clusters = scene(kind, seed)
    return placement_findings(places, clusters, LABELS, SilentReporter(), seed)


def test_exactly_the_two_signatures_of_the_generated_lot_are_pointed_out() -> None:
    lot = make_lot(side=32)
    kinds = sorted({defect.kind for defect in lot.defects})
    clusters = np.array([kinds.index(defect.kind) for defect in lot.defects])
    found = {f.label: f for f in placement_findings(places_of_lot(lot), clusters, kinds, SilentReporter())}
    assert found[SCRATCHED].sentence == "pit: along a line on wafer 02 (p < 0.001)"
    assert found[SCRATCHED].effect.startswith("22 of 22 defects along")
    assert found[AT_THE_EDGE].sentence == "residue: in a ring near the edge (p < 0.001)"
    assert [found[kind].signature for kind in ANYWHERE] == [Signature.RANDOM] * 3


@pytest.mark.parametrize("kind", ["line", "ring near the edge", "sector", "spot", "centre", "wafers"])
def test_each_signature_is_named(kind: str) -> None:
    assert findings_of(kind, 1)[4].signature.value == kind


def test_uniform_labels_give_uniform_p_values(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(label_shuffles, "SHUFFLES", 99)
    p_values, smallest = [], []
    for seed in range(60):
        rng = np.random.default_rng(seed)
        x, y = disc(rng, 150)
        # All defects share a scratch: labels on it are as random as elsewhere.
        x[:40], y[:40] = np.linspace(-50_000, 50_000, 40), 20_000
        wafer = np.where(np.arange(150) < 40, 1, rng.integers(0, 3, 150))
        result = compare_with_shuffled(x, y, wafer, rng.integers(-1, 4, 150), SilentReporter(), seed)
        p_values.append(result.p)
        smallest.append(result.adjusted.min())
    alone = np.concatenate(p_values)
    # 240 values per statistic: 3 standard deviations of the share around 0.05 and 0.5.
    assert ((alone <= 0.05).mean(axis=0) < 0.05 + 0.045).all()
    assert (abs((alone <= 0.5).mean(axis=0) - 0.5) < 0.1).all()
    assert np.mean(np.array(smallest) <= 0.05) < 0.05 + 0.085


def test_the_same_seed_gives_the_same_findings() -> None:
    first, second = findings_of("spot", 3), findings_of("spot", 3)
    # NaN differs from itself.
    assert [str(each) for each in first] == [str(each) for each in second]


def test_small_clusters_and_a_single_one_are_not_judged() -> None:
    places, clusters = scene("none", 0)
    few = np.where(np.arange(200) < 4, 1, -1)
    found = placement_findings(places, few, ["a", "b"], SilentReporter())
    assert [each.signature for each in found] == [Signature.FEW] * 2
    assert "too few" in found[1].words
    alone = placement_findings(places, np.zeros(200, np.intp), ["a"], SilentReporter())
    assert "no other defects" in alone[0].words


def test_many_defects_are_compared_by_their_neighbours_with_the_same_result(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(label_shuffles, "MOST_DISTANCES", 0)
    monkeypatch.setattr(label_shuffles, "_MOST_DEFECTS", 150)
    found = findings_of("line", 1)[4]
    assert found.signature is Signature.LINE
    assert "as often as by chance" in found.effect


@pytest.mark.parametrize("measure", [Distances, Joins])
def test_closeness_does_not_rise_merely_because_a_cluster_is_on_one_wafer(
    measure: type[Distances | Joins],
) -> None:
    rng = np.random.default_rng(0)
    gains = []
    for _ in range(40):
        x, y = disc(rng, 300)
        wafer = rng.integers(0, 3, 300)
        close = measure(x, y, wafer, np.array([60]))
        on_one = np.flatnonzero(wafer == 0)[:60]
        gains.append(close(on_one)[0] - close(rng.permutation(300)[:60])[0])
    assert abs(np.mean(gains)) < 4 * np.std(gains) / np.sqrt(len(gains))


@pytest.mark.parametrize(("degrees", "hour"), [(0, 3), (90, 12), (180, 9), (270, 6), (30, 2), (725, 3)])
def test_a_clock_shows_angles(degrees: float, hour: int) -> None:
    assert clock(degrees) == hour
