import importlib.util
import io
import struct
import sys
from pathlib import Path

import numpy as np
import pytest
import tifffile
from hypothesis import given, settings
from hypothesis import strategies as st

from defect_workbench.core.arrays import Floats
from defect_workbench.core.progress import SilentReporter
from defect_workbench.engine.backbone.pretrained import WeightsLibrary
from defect_workbench.engine.extraction.extractor import extract
from defect_workbench.engine.input.decode import decode
from defect_workbench.engine.input.formats.height_maps.height_map import levelled
from defect_workbench.engine.input.formats.image_format import NotInstalled, NotNow, Undecodable
from defect_workbench.engine.input.formats.registry import IMAGE_FORMATS
from defect_workbench.engine.input.scan import scan
from defect_workbench.storage.vectors.feature_store import FeatureStore

needs_reader = pytest.mark.skipif(not IMAGE_FORMATS["Igor"].available, reason="the extra is not installed")
IGOR = struct.pack("<h", 5) + bytes(400)


def heights() -> Floats:
    """A tilted plane with a hill and one spike, in metres."""
    rows, columns = np.mgrid[:40, :60]
    hill = 20e-9 * (np.hypot(rows - 15, columns - 40) < 8)
    result = 3e-9 * rows + 2e-9 * columns + hill
    result[30, 5] = 1e-6
    return np.asarray(result)


def gwy(values: Floats, title: str = "Height") -> bytes:
    """A Gwyddion file of one channel; see the format's description, gwyfile-format."""

    def component(name: str, kind: str, data: bytes) -> bytes:
        return name.encode() + b"\0" + kind.encode() + data

    def thing(name: str, parts: list[bytes]) -> bytes:
        body = b"".join(parts)
        return name.encode() + b"\0" + struct.pack("<I", len(body)) + body

    def unit(text: str) -> bytes:
        return thing("GwySIUnit", [component("unitstr", "s", text.encode() + b"\0")])

    rows, columns = values.shape
    field = thing(
        "GwyDataField",
        [
            component("xres", "i", struct.pack("<i", columns)),
            component("yres", "i", struct.pack("<i", rows)),
            component("xreal", "d", struct.pack("<d", columns * 4e-9)),
            component("yreal", "d", struct.pack("<d", rows * 4e-9)),
            component("si_unit_xy", "o", unit("m")),
            component("si_unit_z", "o", unit("m")),
            component("data", "D", struct.pack("<I", values.size) + values.astype("<f8").tobytes()),
        ],
    )
    titled = component("/0/data/title", "s", title.encode() + b"\0")
    return b"GWYP" + thing("GwyContainer", [component("/0/data", "o", field), titled])


def jpk(values: Floats) -> bytes:
    """A JPK image: a thumbnail with the grid, then a page of raw heights with their scaling."""
    rows, columns = values.shape
    grid = [
        (32834, "d", 1, columns * 4e-9, True),
        (32835, "d", 1, rows * 4e-9, True),
        (32838, "I", 1, columns, True),
        (32839, "I", 1, rows, True),
    ]
    channel = [
        (32848, "s", 0, "height", True),
        (32849, "I", 1, 0, True),
        (32896, "I", 1, 1, True),
        (32897, "s", 0, "nominal", True),
        (32912, "s", 0, "nominal", True),
        (32931, "s", 0, "LinearScaling", True),
        (32932, "d", 1, 1e-10, True),
        (32933, "d", 1, 0.0, True),
    ]
    stream = io.BytesIO()
    raw = np.rint(np.flipud(values) * 1e10).astype(np.int32)
    with tifffile.TiffWriter(stream) as writer:
        writer.write(np.zeros((16, 16), np.uint8), extratags=grid, metadata=None)
        writer.write(raw, extratags=channel, metadata=None)
    return stream.getvalue()


@pytest.mark.parametrize(("make", "name"), [(gwy, "map.gwy"), (jpk, "map.jpk")])
def test_height_maps_become_levelled_pictures_with_their_scale(make: object, name: str) -> None:
    assert callable(make)
    found = decode(make(heights()), name)
    assert (found.height, found.width) == (40, 60)
    assert found.tool.pixel_size_nm == pytest.approx(4.0)
    assert found.tool.height_unit == "nm"
    assert "levelled by a plane" in found.note
    ground = np.delete(found.pixels, slice(5, 25), axis=0)
    assert ground[:, 10:].std() < 6
    assert found.pixels[15, 40] > ground.mean() + 100
    assert found.values is not None
    assert float(np.asarray(found.values, float)[15, 40]) == pytest.approx(20, abs=1)


def test_levelling_is_not_bent_by_what_stands_out() -> None:
    flat = levelled(heights() * 1e9)
    assert abs(flat[0, 0]) < 0.5
    assert abs(flat[39, 59]) < 0.5
    assert flat[15, 40] == pytest.approx(20, abs=0.5)
    empty = np.full((20, 20), np.nan)
    assert np.isnan(levelled(empty)).all()


@settings(max_examples=60)
@given(cut=st.integers(4, 19_000), byte=st.integers(0, 255), at=st.integers(4, 400))
def test_damaged_gwyddion_files_end_with_a_reason(cut: int, byte: int, at: int) -> None:
    data = bytearray(gwy(heights())[:cut])
    if at < len(data):
        data[at] = byte
    try:
        decode(bytes(data), "map.gwy")
    except Undecodable as error:
        assert str(error)


@needs_reader
@pytest.mark.parametrize(
    ("data", "name"),
    [
        (b"\\*File list\r\n\\Version: 1\r\n", "a.spm"),
        (IGOR, "a.ibw"),
        (struct.pack("<i", 1) + bytes(400), "a.asd"),
        (jpk(heights())[:300], "a.jpk"),
        (b"GWYP", "a.gwy"),
    ],
)
def test_damaged_files_of_every_format_end_with_a_reason(data: bytes, name: str) -> None:
    with pytest.raises(Undecodable, match=r"damaged"):
        decode(data, name)


def test_without_the_extra_the_reason_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name, *rest: None if name == "AFMReader" else real(name, *rest)
    )
    with pytest.raises(NotInstalled, match="with its extra “afm”"):
        decode(IGOR, "map.ibw")
    lot = tmp_path / "lot"
    lot.mkdir()
    (lot / "map.ibw").write_bytes(IGOR)
    (lot / "map.gwy").write_bytes(gwy(heights()))
    (lot / "map.jpk").write_bytes(jpk(heights()))

    def run() -> tuple[int, list[str]]:
        quiet = SilentReporter()
        store, library = FeatureStore(tmp_path / "s"), WeightsLibrary(tmp_path / "none")
        found = extract(scan(lot, quiet), store, library, quiet, offline=True)
        return len(found.images), [item.reason for item in found.images.rejected]

    images, reasons = run()
    assert images == 2
    assert "with its extra “afm”" in reasons[0]
    monkeypatch.undo()
    if IMAGE_FORMATS["Igor"].available:
        assert "damaged" in run()[1][0]  # it is read again


@needs_reader
def test_a_full_temporary_folder_is_no_damage_of_the_file(monkeypatch: pytest.MonkeyPatch) -> None:
    def full(path: Path, data: bytes) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(NotNow, match="temporary folder: the disk is full"):
        decode(IGOR, "map.ibw")


def test_all_types_of_components_of_a_gwyddion_file_are_read() -> None:
    """Real files hold flags, colours and selections beside the heights."""

    def component(name: str, kind: str, data: bytes) -> bytes:
        return name.encode() + b"\0" + kind.encode() + data

    two = struct.pack("<I", 2)
    selection = b"GwySelection\0" + struct.pack("<I", 0)
    others = (
        component("/0/data/visible", "b", b"\1")
        + component("sign", "c", b"x")
        + component("count", "q", struct.pack("<q", 7))
        + component("signs", "C", two + b"ab")
        + component("numbers", "I", two + bytes(8))
        + component("large", "Q", two + bytes(16))
        + component("names", "S", two + b"a\0b\0")
        + component("selections", "O", two + selection + selection)
    )
    data = gwy(heights())
    start = len(b"GWYPGwyContainer\0")
    body = others + data[start + 4 :]
    found = decode(data[:start] + struct.pack("<I", len(body)) + body, "map.gwy")
    assert np.array_equal(found.pixels, decode(data, "map.gwy").pixels)


@pytest.mark.parametrize("depth", [60, 5000])
def test_gwyddion_file_with_objects_in_objects_ends_with_a_reason(depth: int) -> None:
    body = b""
    for _ in range(depth):
        body = b"x\0o" + b"GwyContainer\0" + struct.pack("<I", len(body)) + body
    with pytest.raises(Undecodable, match="damaged"):
        decode(b"GWYPGwyContainer\0" + struct.pack("<I", len(body)) + body, "map.gwy")


def test_height_maps_load_no_reader_until_there_is_one() -> None:
    import subprocess

    loaded = "'AFMReader' in sys.modules, 'pandas' in sys.modules"
    code = f"import sys, defect_workbench.engine.extraction.extractor; print({loaded})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "False"]
