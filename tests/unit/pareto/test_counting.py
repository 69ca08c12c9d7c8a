from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from defect_workbench.core.errors import InputError
from defect_workbench.core.pareto.class_counts import NO_VALUE, UNNAMED, Basis
from defect_workbench.core.pareto.classed_images import ClassedImages, CodedColumn, coded
from defect_workbench.core.pareto.counting import count
from defect_workbench.core.pareto.drawn_chart import ticks
from defect_workbench.core.pareto.value_groups import group_values, natural_key
from defect_workbench.core.wafer.wafer_places import Wafer
from defect_workbench.engine.pareto.pareto_analysis import analyse
from tests.unit.pareto.lots import lot_images


def test_classes_are_sorted_by_frequency_and_groups_in_natural_order() -> None:
    rows = [("lot 10", "pit"), ("lot 9", "scratch"), ("lot 9", "scratch"), ("", "pit"), ("lot 9", "")]
    counts = count([lot_images("a", rows)], "LOT", Basis.NAMED).counts
    assert counts.by == "lot"
    assert counts.groups == ("lot 9", "lot 10", NO_VALUE)
    assert [each.name for each in counts.classes] == ["scratch", "pit"]
    assert counts.counts.tolist() == [[2, 0], [0, 1], [0, 1]]
    assert counts.totals.tolist() == [3, 1, 1]
    assert counts.named.tolist() == [True, True, False]


@given(
    st.lists(
        st.tuples(st.sampled_from(["", "a", "b2", "b10", "3", "2026-01-02"]), st.sampled_from(["", "x", "y"]))
    )
)
def test_every_image_is_counted_once_and_found_again(rows: list[tuple[str, str]]) -> None:
    counted = count([lot_images("a", [("first", "x"), *rows])], "lot", Basis.NAMED)
    counts = counted.counts
    assert counts.totals.sum() == len(rows) + 1
    for group in range(len(counts.groups)):
        for number in range(len(counts.classes)):
            assert len(counted.images(group, number)) == counts.counts[group, number]


def test_a_missing_column_is_answered_with_those_that_exist() -> None:
    with pytest.raises(InputError, match="there is no column tool; the columns are: lot"):
        count([lot_images("a", [("1", "pit")])], "tool", Basis.ALL)


def test_classes_of_several_results_are_put_together_by_name() -> None:
    first = lot_images("a", [("A", "pit"), ("A", "cluster-01")], numbered=["cluster-01"])
    second = lot_images("b", [("B", "scratch"), ("B", "Pit"), ("B", "cluster-01")], numbered=["cluster-01"])
    counts = count([first, second], "lot", Basis.ALL).counts
    assert [each.name for each in counts.classes] == ["pit", "scratch", UNNAMED]
    assert counts.counts.tolist() == [[1, 0, 1], [1, 1, 1]]
    assert len({each.colour for each in counts.classes}) == 3


def test_single_defects_are_counted_as_defects() -> None:
    defects = replace(lot_images("a", [("A", "pit"), ("B", "")]), noun="defect")
    chart = analyse(count([defects], "lot", Basis.ALL).counts)
    assert chart.axis == "defects, estimated"
    assert "1 of 2 defects have a class" in chart.notes[0]
    assert "no defect of B has a class" in chart.notes[1]
    both = count([defects, lot_images("b", [("B", "pit")])], "lot", Basis.ALL).counts
    assert analyse(both).axis == "images, estimated"


@given(st.floats(0.001, 1e6), st.booleans())
def test_ticks_are_evenly_spaced_reach_the_highest_value_and_are_whole_for_counts(
    highest: float, whole: bool
) -> None:
    found = ticks(highest, whole=whole)
    assert found[0] == 0
    assert found[-2] < highest <= found[-1] * (1 + 1e-9)
    np.testing.assert_allclose(np.diff(found), found[1])
    assert 2 <= len(found) <= 6
    assert not whole or all(value.is_integer() for value in found)


def on_wafers(lots: list[str], wafer_of: list[int], wafers: tuple[Wafer, ...]) -> ClassedImages:
    images = lot_images("a", [(lot, "pit") for lot in lots])
    texts = coded([wafer.lot for wafer in wafers])
    where = np.array(wafer_of, np.int32)
    column = CodedColumn(texts.values, texts.value_of[where], texts.value_of)
    columns = {"lot": lambda: column, "die": lambda: coded([str(i % 2) for i in range(len(lots))])}
    return ClassedImages("a", images.classes, images.class_of, columns, wafers, where, images.own_names)


def test_wafers_without_a_defect_count_and_lots_are_in_order_of_time() -> None:
    wafers = (
        Wafer("1", lot="B", time="2026-01-01 08:00:00", area_um2=2e10),
        Wafer("2", lot="B", time="2026-01-01 09:00:00", area_um2=2e10),
        Wafer("1", lot="A", time="2026-02-01 08:00:00", area_um2=4e10),
    )
    counts = count([on_wafers(["B", "B", "A"], [0, 0, 2], wafers)], "lot", Basis.ALL).counts
    assert (counts.groups, counts.by_time) == (("B", "A"), True)
    assert counts.wafers.tolist() == [2, 1]
    assert counts.area_cm2.tolist() == [400, 400]


def test_what_varies_within_a_wafer_was_inspected_on_every_wafer() -> None:
    wafers = (Wafer("1", lot="A"), Wafer("2", lot="A"))
    counts = count([on_wafers(["A"] * 4, [0, 0, 1, 1], wafers)], "die", Basis.ALL).counts
    assert counts.wafers.tolist() == [2, 2]
    assert np.isnan(counts.area_cm2).all()


def test_many_numbers_are_put_into_ranges_and_many_times_into_days() -> None:
    ranges, of_number, _ = group_values([str(number / 2) for number in range(100)])
    assert ranges[:2] == ("0 to 5", "5 to 10")
    assert np.bincount(of_number).tolist() == [10] * 10
    times = [f"2026-03-0{1 + hour // 24} {hour % 24:02d}:30:00" for hour in range(72)]
    assert group_values(times)[0] == ("2026-03-01", "2026-03-02", "2026-03-03")
    assert group_values(["20260301", "20260302"])[2] is False


@given(st.lists(st.text(max_size=12)))
def test_any_names_are_put_in_order(names: list[str]) -> None:
    groups, group_of, _ = group_values(list(dict.fromkeys(names)))
    assert len(group_of) == len(set(names))
    assert list(groups) == sorted(groups, key=natural_key)
