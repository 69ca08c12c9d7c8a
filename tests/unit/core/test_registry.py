from dataclasses import dataclass

import pytest

from defect_workbench.core.errors import InputError
from defect_workbench.core.registry import Registry


@dataclass(frozen=True)
class Colour:
    name: str


COLOURS = Registry("colour", [Colour("red"), Colour("blue")])


def test_entries_keep_their_order_and_are_found_by_name() -> None:
    assert list(COLOURS) == [Colour("red"), Colour("blue")]
    assert COLOURS["blue"] == Colour("blue")
    assert "red" in COLOURS
    assert len(COLOURS) == 2


def test_an_unknown_name_is_refused_with_the_names_that_exist() -> None:
    with pytest.raises(InputError, match="unknown colour 'green'; choose one of red, blue"):
        COLOURS["green"]


def test_two_entries_of_one_name_are_refused() -> None:
    with pytest.raises(ValueError, match="share a name"):
        Registry("colour", [Colour("red"), Colour("red")])
    with pytest.raises(ValueError, match="already exists"), COLOURS.including(Colour("red")):
        pass


def test_an_entry_for_a_test_is_gone_afterwards() -> None:
    with COLOURS.including(Colour("green")):
        assert list(COLOURS) == [Colour("red"), Colour("blue"), Colour("green")]
    assert list(COLOURS) == [Colour("red"), Colour("blue")]


def test_an_entry_that_a_test_leaves_out_is_back_afterwards() -> None:
    with COLOURS.without("red"):
        assert list(COLOURS) == [Colour("blue")]
    assert list(COLOURS) == [Colour("red"), Colour("blue")]
