"""Files of classes: kept as they are, refused with a reason, never overwritten."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from defect_workbench.core.errors import InputError
from defect_workbench.core.project.class_library import ClassLibrary, KnownClass
from defect_workbench.storage.class_library.class_file import (
    FORMAT,
    KIND,
    LibraryFile,
    classes_text,
    export_classes,
    read_classes,
)
from defect_workbench.user_dirs import UserDirs
from tests.processes import Command

LIBRARY = ClassLibrary(
    (
        KnownClass("pit", "1", "#4477AA", "a hole", "17", ("pinhole",), ("AAAA",)),
        KnownClass("Kratzer-ähnlich / 線", "2", "#EE6677"),
    )
)


def test_a_library_is_read_as_it_was_written(tmp_path: Path) -> None:
    export_classes(tmp_path / "classes.json", LIBRARY)
    assert read_classes(tmp_path / "classes.json") == LIBRARY
    with pytest.raises(InputError, match="already exists"):
        export_classes(tmp_path / "classes.json", ClassLibrary())
    assert read_classes(tmp_path / "classes.json") == LIBRARY


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "not a file of classes, or it is damaged"),
        ("[" * 100_000, "not a file of classes, or it is damaged"),
        ("[]", "not a file of classes"),
        ('{"kind": "something"}', "not a file of classes"),
        ('{"kind": "defect-workbench class library"}', "format"),
        ('{"kind": "defect-workbench class library", "format": true}', "format"),
        ('{"kind": "defect-workbench class library", "format": 3, "classes": []}', "newer version"),
        ('{"kind": "defect-workbench class library", "format": 1, "classes": {}}', "must be a list"),
        ('{"kind": "defect-workbench class library", "format": 1, "classes": [{"name": 3}]}', "name"),
        ('{"kind": "defect-workbench class library", "format": 1, "classes": [{"name": ""}]}', "empty"),
    ],
)
def test_other_files_are_refused_with_a_reason(tmp_path: Path, text: str, words: str) -> None:
    file = tmp_path / "classes.json"
    file.write_text(text)
    with pytest.raises(InputError, match=words):
        read_classes(file)
    # The library of the user is not replaced either.
    with pytest.raises(InputError, match=words):
        LibraryFile(file).update(lambda library: library.added("pit"))
    assert file.read_text() == text


LEAVES = st.none() | st.booleans() | st.integers() | st.text(max_size=3)
FIELDS = st.sampled_from(["name", "key", "colour", "aliases"])
CONTENT = st.recursive(LEAVES, lambda value: st.lists(value) | st.dictionaries(FIELDS, value), max_leaves=6)


@given(CONTENT)
def test_any_content_is_classes_or_a_reason(tmp_path_factory: pytest.TempPathFactory, value: object) -> None:
    file = tmp_path_factory.mktemp("classes") / "classes.json"
    file.write_text(json.dumps({"kind": "defect-workbench class library", "format": 1, "classes": value}))
    try:
        library = read_classes(file)
    except InputError:
        return
    assert json.loads(classes_text(library))["format"] == 1


def test_classes_go_from_one_user_to_another(command: Command, places: UserDirs, tmp_path: Path) -> None:
    LibraryFile(places.classes).update(lambda _: LIBRARY)
    shared = tmp_path / "team.json"
    assert command("classes", "export", shared).returncode == 0
    again = command("classes", "export", shared)
    assert again.returncode == 2
    assert "already exists" in again.stderr
    places.classes.unlink()
    mine = ClassLibrary((KnownClass("pit", "1"), KnownClass("mine", "2")))
    LibraryFile(places.classes).update(lambda _: mine)
    done = command("classes", "import", shared, "--json")
    assert done.returncode == 0
    result = json.loads(done.stdout)
    assert result["added"] == ["Kratzer-ähnlich / 線"]
    assert result["completed"] == ["pit"]
    assert result["classes"] == 3
    assert "the key 2 is that of mine" in result["conflicts"][0]
    kept = LibraryFile(places.classes).load()
    assert kept.find("pit") == LIBRARY.classes[0]
    assert kept.find("mine") == mine.classes[1]
    missing = command("classes", "import", tmp_path / "none.json")
    assert missing.returncode == 2
    assert "cannot be read" in missing.stderr


def test_a_library_without_products_is_written_for_earlier_versions() -> None:
    assert json.loads(classes_text(ClassLibrary().added("pit")))["format"] == 1
    assert json.loads(classes_text(ClassLibrary().added("pit", product="boards")))["format"] == FORMAT == 2


def test_products_are_read_and_missing_in_earlier_files(tmp_path: Path) -> None:
    file = tmp_path / "classes.json"
    library = ClassLibrary().added("pit").added("open", product="boards").with_lot(["open"])
    file.write_text(classes_text(library), encoding="utf-8")
    assert read_classes(file) == library
    content = {"kind": KIND, "format": 1, "classes": [{"name": "pit", "key": "1"}]}
    file.write_text(json.dumps(content), encoding="utf-8")
    assert read_classes(file) == ClassLibrary((KnownClass("pit", "1"),))
