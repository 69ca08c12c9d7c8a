"""Bytes from anywhere: whatever is fed in, the answer is a result or a sentence, never a fault.

The number of cases of each test is `HOSTILE_CASES` where the environment sets it.
"""

import io
import json
import os
import struct
import warnings
import zipfile
import zlib
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path

import numpy as np
import pytest
import tifffile
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from defect_workbench.core.errors import InputError, WorkbenchError
from defect_workbench.core.images.image_records import ImageRecord, ImageSet
from defect_workbench.core.project.side_data import join
from defect_workbench.engine.backbone.pretrained.checkpoint_files import read_checkpoint
from defect_workbench.engine.input.decode import MAX_PIXELS, Undecodable, decode
from defect_workbench.storage.result.manifest import manifest_text, rows
from defect_workbench.storage.session.session_file import load_session, save_session
from defect_workbench.storage.session.table_reader import read_table
from defect_workbench.storage.vectors.feature_store import FeatureStore
from tests.builders import made_project, picture

CASES = int(os.environ.get("HOSTILE_CASES", "60"))
hostile = settings(
    max_examples=CASES,
    deadline=None,
    suppress_health_check=[
        HealthCheck.too_slow,
        HealthCheck.data_too_large,
        HealthCheck.function_scoped_fixture,
    ],
)


@st.composite
def mutated(draw: st.DrawFn, seeds: Callable[[], tuple[bytes, ...]]) -> bytes:
    """A sound file, cut, with bytes changed, doubled or put in."""
    data = bytearray(draw(st.sampled_from(seeds())))
    for _ in range(draw(st.integers(0, 12))):
        # The beginning holds the headers: change it more often.
        most = len(data) if draw(st.booleans()) else min(len(data), 200)
        at = draw(st.integers(0, max(most - 1, 0)))
        kind = draw(st.sampled_from("change number insert double cut".split()))  # noqa: SIM905
        if kind == "change":
            data[at : at + 1] = bytes([draw(st.integers(0, 255))])
        elif kind == "number":
            number = draw(st.sampled_from([0, 1, 0x7FFF, 0xFFFF, 0x7FFFFFFF, 0xFFFFFFFF]))
            data[at : at + 4] = struct.pack(draw(st.sampled_from("<>")) + "I", number)
        elif kind == "insert":
            data[at:at] = draw(st.binary(max_size=20))
        elif kind == "double":
            data[at:at] = data[at : at + draw(st.integers(1, 300))]
        else:
            del data[at : at + draw(st.integers(1, 300))]
    return bytes(data)


@lru_cache
def pictures() -> tuple[bytes, ...]:
    grey, found = picture(1), []
    for kind, options in (
        ("PNG", {}), ("JPEG", {}), ("BMP", {}), ("GIF", {}), ("WebP", {}), ("TIFF", {}),
        ("TIFF", {"compression": "tiff_lzw"}), ("TIFF", {"compression": "jpeg"}),
    ):  # fmt: skip
        for image in (grey, grey.convert("RGB"), grey.convert("P")):
            stream = io.BytesIO()
            try:
                image.save(stream, kind, **options)
            except OSError:
                continue
            found.append(stream.getvalue())
    rng = np.random.default_rng(0)
    for dtype in ("uint16", "float32", "int32", "bool"):
        for compression in (None, "zlib", "zstd"):
            stream = io.BytesIO()
            values = (rng.random((2, 32, 40)) * 100).astype(dtype)
            tifffile.imwrite(stream, values, compression=compression, photometric="minisblack")
            found.append(stream.getvalue())
    return tuple(found)


@hostile
@given(st.one_of(mutated(pictures), st.binary(max_size=300)))
def test_any_bytes_for_an_image_are_a_picture_or_a_reason(data: bytes) -> None:
    try:
        found = decode(data)
    except Undecodable as error:
        assert 5 < len(str(error)) < 200
        assert "\n" not in str(error)
    else:
        assert found.pixels.dtype == np.uint8
        assert found.width * found.height <= MAX_PIXELS
        assert found.pixels.ndim in (2, 3)


def png_bomb(width: int, height: int) -> bytes:
    """A few kB that promise gigapixels."""

    def chunk(name: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))

    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    body = zlib.compress(b"\0" * 100_000)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", body) + chunk(b"IEND", b"")


def tiff_bomb(**tags: int) -> bytes:
    """A TIFF whose tags promise far more than it has."""
    stream = io.BytesIO()
    tifffile.imwrite(stream, np.zeros((32, 40), np.uint8), compression="zlib")
    stream.seek(0)
    with tifffile.TiffFile(stream) as tiff:
        places = {tag.name: tag.offset for tag in tiff.pages.first.tags}
    data = bytearray(stream.getvalue())
    for name, value in tags.items():
        struct.pack_into("<HII", data, places[name] + 2, 4, 1, value)
    return bytes(data)


@pytest.mark.parametrize(
    "data",
    [
        png_bomb(60_000, 60_000),
        png_bomb(2**31 - 1, 1),
        tiff_bomb(ImageWidth=100_000, ImageLength=100_000),
        tiff_bomb(SamplesPerPixel=60_000, ImageWidth=9_000, ImageLength=9_000),
        tiff_bomb(BitsPerSample=64, ImageWidth=2**31, ImageLength=2),
    ],
)
def test_pictures_that_promise_too_much_are_refused_without_the_memory(data: bytes) -> None:
    import resource

    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(Undecodable):
        decode(data)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 1_500_000


# Sessions


@lru_cache
def session_parts(folder: str) -> tuple[tuple[str, bytes], ...]:
    project = made_project(Path(folder) / "lot", (4, 4, 1))
    save_session(Path(folder) / "s.dwb", project)
    with zipfile.ZipFile(Path(folder) / "s.dwb") as archive:
        return tuple((name, archive.read(name)) for name in archive.namelist())


def written(parts: dict[str, bytes]) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return stream.getvalue()


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


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=8,
)


@hostile
@given(data=st.data())
def test_any_change_inside_a_session_is_shown_or_refused_in_words(
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
    (workplace / "m.dwb").write_bytes(written(parts))
    check_session(workplace / "m.dwb")


@hostile
@given(data=st.data())
def test_any_bytes_for_a_session_are_shown_or_refused_in_words(data: st.DataObject, workplace: Path) -> None:
    whole = written(dict(session_parts(str(workplace))))
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
    (tmp_path / "x.dwb").write_bytes(written(parts))
    with pytest.raises(WorkbenchError, match="outside its folder"):
        load_session(tmp_path / "x.dwb")


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("format", 0, "the format 0, which no version"),
        ("format", -1, "the format -1, which no version"),
        ("format", False, "the format 0, which no version"),
        ("root", "/lot\0/x", "names no folder"),
        ("root", "", "names no folder"),
    ],
)
def test_sessions_no_version_wrote_are_refused(tmp_path: Path, field: str, value: object, words: str) -> None:
    parts = dict(session_parts(str(tmp_path)))
    state = json.loads(parts["state.json"])
    state[field] = value
    parts["state.json"] = json.dumps(state).encode()
    (tmp_path / "x.dwb").write_bytes(written(parts))
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
    (tmp_path / "x.dwb").write_bytes(written(parts))
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        with pytest.raises(WorkbenchError, match="is damaged"):
            load_session(tmp_path / "x.dwb")
    assert not caught


# Stores


@hostile
@given(data=st.data())
def test_any_bytes_in_a_store_are_vectors_or_computed_anew(
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


# Side data


@lru_cache
def tables() -> tuple[bytes, ...]:
    from openpyxl import Workbook

    book = Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(["file", "lot", "value"])
    sheet.append(["a.png", "L1", 1.5])
    stream = io.BytesIO()
    book.save(stream)
    with zipfile.ZipFile(stream) as archive:
        plain = written({name: archive.read(name) for name in archive.namelist()})
    return stream.getvalue(), plain, b"file;lot;value\na.png;=x;1,5\n", "f\tö\na.png\té\n".encode("utf-16")


@hostile
@given(st.one_of(mutated(tables), st.binary(max_size=200), st.text(max_size=200).map(str.encode)))
def test_any_bytes_for_side_data_are_a_table_or_refused_in_words(content: bytes) -> None:
    from tempfile import TemporaryDirectory

    images = ImageSet(
        Path("/lot"), (ImageRecord("a.png", "0" * 64, 1, 1), ImageRecord("b/c.png", "1" * 64, 1, 1)), ()
    )
    with TemporaryDirectory() as folder:
        path = Path(folder) / "side"
        path.write_bytes(content)
        try:
            side = join(read_table(path), images)
        except InputError:
            return
    assert all(len(column.cells) == 2 for column in side.columns)


# Weights


@lru_cache
def weight_files() -> tuple[bytes, ...]:
    import torch
    from safetensors.torch import save

    tensors = {"conv1.weight": torch.zeros(4, 3, 2, 2), "fc.bias": torch.zeros(5)}
    stream = io.BytesIO()
    torch.save(tensors, stream)
    legacy = io.BytesIO()
    torch.save(tensors, legacy, _use_new_zipfile_serialization=False)
    return save(tensors, {"name": "x"}), stream.getvalue(), legacy.getvalue(), b"\x1f\x8b" + b"0" * 50


@hostile
@given(st.one_of(mutated(weight_files), st.binary(max_size=200)))
def test_any_bytes_for_weights_are_refused_in_words(content: bytes) -> None:
    from tempfile import TemporaryDirectory

    with TemporaryDirectory() as folder:
        path = Path(folder) / "weights.pth"
        path.write_bytes(content)
        with pytest.raises(WorkbenchError):
            read_checkpoint(path)


def test_a_pickle_that_runs_code_is_refused_and_does_not_run(tmp_path: Path) -> None:
    import torch

    class Evil:
        def __reduce__(self) -> tuple[Callable[[str], object], tuple[str]]:
            return os.mkdir, (str(tmp_path / "ran"),)

    torch.save({"conv1.weight": Evil()}, tmp_path / "evil.pth")
    with pytest.raises(WorkbenchError, match="not a plain tensor checkpoint"):
        read_checkpoint(tmp_path / "evil.pth")
    assert not (tmp_path / "ran").exists()
