"""The class library: names, keys and colours that belong to one class each, and merging without loss."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from defect_workbench.core.project.class_library import (
    KEYS,
    ClassLibrary,
    KnownClass,
    merge,
    with_class_colours,
)
from defect_workbench.core.project.decisions import Decisions, Group
from defect_workbench.core.project.palette import COLOURS, NUISANCE_COLOUR

PIT = KnownClass("pit", key="1", colour=COLOURS[0], definition="a hole", code="17", aliases=("pinhole",))
SPUR = KnownClass("spur", key="2", colour=COLOURS[1])


def test_a_class_is_found_by_all_its_names() -> None:
    library = ClassLibrary((PIT, SPUR))
    assert library.find("Pinhole") is PIT
    assert library.find("PIT") is PIT
    assert library.find("bridge") is None


@pytest.mark.parametrize(
    ("classes", "words"),
    [
        ((PIT, KnownClass("Pit")), "pit"),
        ((PIT, KnownClass("hole", aliases=("PINHOLE",))), "pinhole"),
        ((PIT, KnownClass("spur", key="1")), "1"),
    ],
)
def test_names_and_keys_belong_to_one_class(classes: tuple[KnownClass, ...], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        ClassLibrary(classes)


@pytest.mark.parametrize(
    "values",
    [
        {"name": ""},
        {"name": " pit"},
        {"name": "x", "key": "Q"},
        {"name": "x", "key": "12"},
        {"name": "x", "colour": "red"},
        {"name": "x", "colour": "#12345g"},
        {"name": "x", "definition": "y" * 3000},
        {"name": "x", "examples": ("",) * 4},
    ],
)
def test_values_that_cannot_be_used_are_refused(values: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r".+"):
        KnownClass(**values)  # type: ignore[arg-type] # as a file may hold


def test_new_classes_get_free_keys_and_colours() -> None:
    library = ClassLibrary((PIT, SPUR)).added("bridge", COLOURS[0]).added("open", COLOURS[5])
    bridge, opened = library.find("bridge"), library.find("open")
    assert bridge is not None
    assert opened is not None
    assert (bridge.key, opened.key) == ("3", "4")
    assert bridge.colour == COLOURS[2]
    assert opened.colour == COLOURS[5]
    assert library.added("BRIDGE") is library
    with_picture = library.added("bridge", examples=["AAAA"])
    assert with_picture.find("bridge") == KnownClass("bridge", "3", COLOURS[2], examples=("AAAA",))


def test_merging_completes_and_never_overwrites() -> None:
    ours = ClassLibrary((KnownClass("pit", key="1", colour=COLOURS[0]), SPUR))
    theirs = ClassLibrary(
        (
            KnownClass("Pinhole", key="2", colour=COLOURS[3], definition="a hole", aliases=("pit", "dimple")),
            KnownClass("bridge", key="1"),
            KnownClass("burr", aliases=("spur",)),
        )
    )
    merged = merge(ours, theirs)
    # A class is found by its name; another name of theirs that is a class of ours is a conflict.
    assert merged.added == ("Pinhole", "bridge", "burr")
    assert merged.completed == ()
    assert ours.classes == merged.library.classes[:2]
    assert [c.key for c in merged.library.classes[2:]] == ["", "", ""]
    assert any("pit" in conflict for conflict in merged.conflicts)
    assert any("key 1 is that of pit" in conflict for conflict in merged.conflicts)
    assert any("spur" in conflict for conflict in merged.conflicts)


def test_what_our_library_lacks_is_added_and_differences_are_listed() -> None:
    ours = ClassLibrary((KnownClass("pit", key="3", colour=COLOURS[4]),))
    merged = merge(ours, ClassLibrary((PIT,)))
    assert merged.completed == ("pit",)
    assert merged.library.classes == (
        KnownClass("pit", "3", COLOURS[4], definition="a hole", code="17", aliases=("pinhole",)),
    )
    assert len(merged.conflicts) == 2
    again = merge(merged.library, ClassLibrary((PIT,)))
    assert again.library == merged.library
    assert again.completed == ()


NAMES = st.sampled_from(["pit", "Pit", "spur", "bridge", "open", "scratch", "hole"])
CLASSES = st.builds(
    KnownClass,
    name=NAMES,
    key=st.sampled_from(["", *KEYS[:4]]),
    colour=st.sampled_from(["", *COLOURS[:3]]),
    aliases=st.lists(NAMES, max_size=2).map(tuple),
)


def valid(classes: list[KnownClass]) -> ClassLibrary:
    library = ClassLibrary()
    for each in classes:
        try:
            library = ClassLibrary((*library.classes, each))
        except ValueError:
            continue
    return library


@given(st.lists(CLASSES, max_size=5), st.lists(CLASSES, max_size=5))
def test_any_two_libraries_merge_without_loss(first: list[KnownClass], second: list[KnownClass]) -> None:
    ours, theirs = valid(first), valid(second)
    merged = merge(ours, theirs)
    for each in ours.classes:
        kept = merged.library.find(each.name)
        assert kept is not None
        assert kept.name == each.name
        assert kept.key == each.key or not each.key
        assert kept.colour == each.colour or not each.colour
        assert set(each.aliases) <= set(kept.aliases)
    for each in theirs.classes:
        assert merged.library.find(each.name) is not None


def test_known_classes_have_their_colours_and_no_other_cluster_has_one_of_them() -> None:
    held = np.array([0, 1, 2, 3], np.int32)
    groups = {
        0: Group("pinhole", colour=5),
        1: Group("other", colour=0),
        2: Group("", colour=3),
        3: Group("nuisance", nuisance=True, colour=NUISANCE_COLOUR),
    }
    decisions = Decisions(held, np.full(4, -1, np.int32), groups)
    coloured = with_class_colours(decisions, ClassLibrary((PIT, SPUR)))
    assert coloured.groups[0].colour == 0
    assert coloured.groups[1].colour not in (0, 3)
    assert coloured.groups[2] == groups[2]
    assert coloured.groups[3] == groups[3]


def test_the_product_of_a_lot_is_that_of_most_of_its_classes() -> None:
    library = ClassLibrary().added("pit").added("scratch").added("crack")
    library = library.added("open", product="boards").added("short", product="boards")
    assert library.product_of(["new"]) is None
    assert library.product_of(["new", "OPEN"]) == "boards"
    # Of two with as many, the one with more classes.
    assert library.product_of(["pit", "open"]) == ""
    assert library.product_of(["pit", "open", "short"]) == "boards"
    assert library.find("open") == KnownClass("open", "1", library.classes[3].colour, product="boards")


def test_a_product_that_one_lot_made_joins_that_of_its_other_classes() -> None:
    steel = ClassLibrary().added("pit").added("scratch")
    library = steel.added("bridge", product="lot 7", key="1").added("open", product="boards")
    joined = library.with_lot(["bridge", "pit", "scratch"])
    assert [known.product for known in joined.classes] == ["", "", "", "boards"]
    assert [known.key for known in joined.classes] == ["1", "2", "", "1"]
    assert joined.with_lot(["open"]).current == "boards"
    # A product with classes that the lot lacks stays.
    assert library.added("short", product="lot 7").with_lot(["bridge", "pit", "scratch"]).classes[2].product


def test_merging_takes_over_the_keys_of_another_product() -> None:
    steel = ClassLibrary().added("pit").added("scratch")
    boards = ClassLibrary().added("open", product="boards").added("pit", product="boards")
    merged = merge(steel, boards)
    assert [(known.name, known.key, known.product) for known in merged.library.classes] == [
        ("pit", "1", ""),
        ("scratch", "2", ""),
        ("open", "1", "boards"),
    ]
