import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from defect_workbench.core.errors import InputError
from defect_workbench.engine.clustering.agreement import compare

LABELS = st.lists(st.sampled_from("abc"), min_size=1, max_size=30)


@given(LABELS)
def test_a_sorting_agrees_with_itself_under_other_names_and_order(labels: list[str]) -> None:
    here = [(f"{i:02d}", label) for i, label in enumerate(labels)]
    there = [(content, label.upper()) for content, label in reversed(here)]
    found = compare(here, there)
    assert found.adjusted_rand_index == 1
    assert found.purity == 1
    assert found.table.sum() == len(labels)


def test_table_and_cells_tell_who_is_where() -> None:
    here = [("1", "x"), ("2", "x"), ("3", "y"), ("4", "y"), ("5", "y"), ("6", "z")]
    there = [("5", "b"), ("4", "b"), ("3", "a"), ("2", "a"), ("1", "a"), ("9", "c")]
    found = compare(here, there)
    assert found.missing == (1, 1)
    row, column = found.rows.index("y"), found.columns.index("b")
    assert found.table[row, column] == 2
    np.testing.assert_array_equal(found.images_of(row, column), [3, 4])
    assert found.purity == pytest.approx(4 / 5)


def test_copies_are_matched_one_to_one() -> None:
    found = compare([("1", "x"), ("1", "x"), ("1", "y")], [("1", "a"), ("1", "a")])
    assert found.table.sum() == 2
    assert found.missing == (1, 0)


def test_nothing_in_common_is_reported() -> None:
    with pytest.raises(InputError, match="no image in common"):
        compare([("1", "x")], [("2", "x")])
