"""Sessions and stores of any bytes: the answer is a result or a sentence, never a fault."""

import io
import json
import warnings
import zipfile
from functools import lru_cache
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from defect_workbench.core.errors import WorkbenchError
from defect_workbench.storage.result.manifest import manifest_text, rows
from defect_workbench.storage.session.session_file import load_session, save_session
from defect_workbench.storage.vectors.feature_store import FeatureStore
from tests.builders import made_project
from tests.hostile import hostile, mutated, zipped


@lru_cache
def session_parts(folder: str) -> tuple[tuple[str, bytes], ...]:
    project = made_project(Path(folder) / "lot", (4, 4, 1))
    save_session(Path(folder) / "s.dwb", project)
    with zipfile.ZipFile(Path(folder) / "s.dwb") as archive:
        return tuple((name, archive.read(name)) for name in archive.namelist())


def check_session(path: Path) -> None:
    """A session loads and can be shown whole, or is refused in words; the file is as it was."""
    before = path.read_bytes()
    try:
        project = load_session(path)
    except WorkbenchError as error:
        assert str(path) in str(error)
    else:
        manifest_text(rows(project))
        if project.analysis.tree is not None:
            assert len(project.analysis.tree.leaf_order) == len(project.images)
    assert path.read_bytes() == before


@pytest.fixture(scope="module")
def workplace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("hostile")


# Made by the first test that uses it: that takes half a second, also where none of these tests runs.
JSON = st.deferred(
    lambda: st.recursive(
        st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats() | st.text(max_size=8),
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
        max_leaves=8,
    )
)


@hostile
@given(data=st.data())
def test_any_change_inside_a_session_is_shown_or_refused_with_a_reason(
    data: st.DataObject, workplace: Path
) -> None:
    parts = dict(session_parts(str(workplace)))
    name = data.draw(st.sampled_from(sorted(parts)))
    if name == "state.json" and data.draw(st.booleans()):
        state = json.loads(parts[name])
        at = state
        while True:
            keys = sorted(at) if isinstance(at, dict) else range(len(at))
            key = data.draw(st.sampled_from(list(keys)))
            if isinstance(at[key], (dict, list)) and at[key] and data.draw(st.booleans()):
                at = at[key]
                continue
            at[key] = data.draw(JSON)
            break
        parts[name] = json.dumps(state).encode()
    elif name.endswith(".npy") and data.draw(st.booleans()):
        array = np.load(io.BytesIO(parts[name]))
        flat = array.reshape(-1).copy()
        for _ in range(data.draw(st.integers(1, 4))):
            value = data.draw(
                st.sampled_from([-(2**31), -2, -1, 0, 1, 8, 17, 2**31 - 1, np.nan, np.inf, 1e300])
            )
            if len(flat):
                with np.errstate(all="ignore"):
                    flat[data.draw(st.integers(0, len(flat) - 1))] = np.float64(value).astype(flat.dtype)
        stream = io.BytesIO()
        np.save(stream, flat.reshape(array.shape))
        parts[name] = stream.getvalue()
    else:
        parts[name] = data.draw(mutated(lambda: (parts[name],)))
    (workplace / "m.dwb").write_bytes(zipped(parts))
    check_session(workplace / "m.dwb")


@hostile
@given(data=st.data())
def test_any_bytes_for_a_session_are_shown_or_refused_with_a_reason(
    data: st.DataObject, workplace: Path
) -> None:
    whole = zipped(dict(session_parts(str(workplace))))
    (workplace / "b.dwb").write_bytes(data.draw(mutated(lambda: (whole,))))
    check_session(workplace / "b.dwb")


def test_sessions_that_unpack_to_too_much_are_refused(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "bomb.dwb", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("state.json", b" " * (300 * 1024**2))
    with pytest.raises(WorkbenchError, match="unpack to 300 MB"):
        load_session(tmp_path / "bomb.dwb")
    with zipfile.ZipFile(tmp_path / "many.dwb", "w") as archive:
        for number in range(10_001):
            archive.writestr(f"{number}.npy", b"")
    with pytest.raises(WorkbenchError, match="members"):
        load_session(tmp_path / "many.dwb")


@pytest.mark.parametrize("path", ["../x.png", "/etc/passwd", "a/../../x", "", "a\0b", "./x", "a//b"])
def test_sessions_cannot_name_files_outside_their_folder(tmp_path: Path, path: str) -> None:
    parts = dict(session_parts(str(tmp_path)))
    state = json.loads(parts["state.json"])
    state["images"][0][0] = path
    parts["state.json"] = json.dumps(state).encode()
    (tmp_path / "x.dwb").write_bytes(zipped(parts))
    with pytest.raises(WorkbenchError, match="outside its folder"):
        load_session(tmp_path / "x.dwb")


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("format", 0, "its format is 0"),
        ("format", -1, "its format is -1"),
        ("format", False, "its format is 0"),
        ("root", "/lot\0/x", "names no folder"),
        ("root", "", "names no folder"),
    ],
)
def test_sessions_no_version_wrote_are_refused(tmp_path: Path, field: str, value: object, words: str) -> None:
    parts = dict(session_parts(str(tmp_path)))
    state = json.loads(parts["state.json"])
    state[field] = value
    parts["state.json"] = json.dumps(state).encode()
    (tmp_path / "x.dwb").write_bytes(zipped(parts))
    with pytest.raises(WorkbenchError, match=words):
        load_session(tmp_path / "x.dwb")


@pytest.mark.parametrize("value", [1e300, -1e300, 0.5, 1e19, float(2**63)])
def test_a_tree_of_impossible_numbers_is_refused_without_a_warning(tmp_path: Path, value: float) -> None:
    parts = dict(session_parts(str(tmp_path)))
    merges = np.load(io.BytesIO(parts["tree.npy"]))
    merges[-1, 0] = value
    changed = io.BytesIO()
    np.save(changed, merges)
    parts["tree.npy"] = changed.getvalue()
    (tmp_path / "x.dwb").write_bytes(zipped(parts))
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        with pytest.raises(WorkbenchError, match="is damaged"):
            load_session(tmp_path / "x.dwb")
    assert not caught


@hostile
@given(data=st.data())
def test_any_bytes_in_a_store_are_vectors_or_recomputed(
    data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("store")
    store = FeatureStore(folder)
    block = store.block("deep", {"net": "a"})
    block.append_vectors(["a", "b"], np.ones((2, 3), np.float32))
    block.append_vectors(["c"], np.ones((1, 3), np.float32))
    store.block("image", {}).append_fields(["a"], {"reason": ["x"]})
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    victim = data.draw(st.sampled_from(files))
    content = victim.read_bytes()
    victim.write_bytes(data.draw(mutated(lambda: (content,))))
    try:
        again = FeatureStore(folder)
    except WorkbenchError as error:
        assert str(folder) in str(error)
        return
    known = [sha for sha in "abc" if sha in again.block("deep", {"net": "a"})]
    again.identities("deep")
    again.stamps(Path("/lot"))
    if known:
        try:
            vectors = again.block("deep", {"net": "a"}).vectors(known)
        except WorkbenchError as error:
            assert "damaged" in str(error)
        else:
            assert vectors.shape == (len(known), 3)
