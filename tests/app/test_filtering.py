import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from defect_workbench.app.columns import Column
from defect_workbench.app.document.filtering import parse_filter

COLUMNS = {
    "width": Column("width", np.array([100.0, 200.0, np.nan, 400.0])),
    "lot": Column("lot", np.array(["A1", "B2", "", "a12"], np.object_)),
}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("width>100", [False, True, False, True]),
        ("width>=100", [True, True, False, True]),
        ("width=200", [False, True, False, False]),
        ("width:200", [False, True, False, False]),
        ("Width<300", [True, True, False, False]),
        ("lot:a1", [True, False, False, True]),
        ("lot=a1", [True, False, False, False]),
        ("lot:a1 width>150", [False, False, False, True]),
        ("width>many", [False] * 4),
        ("width>", [True] * 4),
    ],
)
def test_conditions_on_columns(text: str, expected: list[bool]) -> None:
    found = parse_filter(text, COLUMNS)
    assert found.words == ()
    assert found.allowed(4).tolist() == expected


def test_what_names_no_column_is_a_word_and_quotes_keep_words_together() -> None:
    found = parse_filter('"Long Line" depth>3 pit', COLUMNS)
    assert found.words == ("long line", "depth>3", "pit")
    assert found.conditions == ()
    assert not parse_filter("   ", COLUMNS)


@given(st.text(max_size=40))
def test_any_text_has_a_meaning(text: str) -> None:
    assert parse_filter(text, COLUMNS).allowed(4).shape == (4,)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("width>100 lot:a1 pit", ()),
        ("width>", ()),
        ("width>many", ("many is not a number",)),
        ("lot>3", ("lot holds text, not numbers",)),
        ("depth>=3", ("there is no column depth",)),
    ],
)
def test_a_filter_that_can_match_nothing_states_the_mistake(text: str, expected: tuple[str, ...]) -> None:
    assert parse_filter(text, COLUMNS).mistakes == expected
