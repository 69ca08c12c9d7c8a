"""What every format of image files keeps to, and that a new one needs no other change."""

import io
import subprocess
import sys
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import tifffile
from PIL import Image
from PySide6.QtWidgets import QFileDialog, QWidget
from pytestqt.qtbot import QtBot

from defect_workbench.core.arrays import Pixels
from defect_workbench.core.progress import SilentReporter
from defect_workbench.engine.backbone.pretrained import WeightsLibrary
from defect_workbench.engine.extraction.extractor import extract
from defect_workbench.engine.features.identity import DECODER
from defect_workbench.engine.input.decode import decode, extension_note
from defect_workbench.engine.input.formats.image_format import Decoded, ImageFormat, Undecodable, check_size
from defect_workbench.engine.input.formats.registry import (
    IMAGE_FORMATS,
    decoder_version,
    format_names,
    looks_like_image,
    promised_format,
    recognised_format,
)
from defect_workbench.engine.input.scan import scan
from defect_workbench.engine.input.thumbnail import thumbnail
from defect_workbench.gui.dialogs.file_dialogs import ask_image_folder
from defect_workbench.storage.vectors.feature_store import FeatureStore
from tests.unit.input.test_afm import IGOR, gwy, heights, jpk

RAMP = np.tile(np.linspace(0, 255, 64).astype(np.uint8), (48, 1))


def saved(kind: str, side: int) -> bytes:
    stream = io.BytesIO()
    Image.fromarray(RAMP[:side, :side]).save(stream, kind)
    return stream.getvalue()


def tiff(side: int) -> bytes:
    stream = io.BytesIO()
    tifffile.imwrite(stream, RAMP[:side, :side].astype(np.uint16) * 9)
    return stream.getvalue()


# For each format, what writes a valid file with at most the given number of pixels per side.
WRITERS: dict[str, Callable[[int], bytes]] = {
    **{kind: partial(saved, kind) for kind in ("PNG", "JPEG", "BMP", "GIF", "WebP")},
    "TIFF": tiff,
    "Gwyddion": lambda side: gwy(heights()[:side, :side]),
    "JPK": lambda side: jpk(heights()[:side, :side]),
}
# The first bytes of formats that nothing here can write.
HEADS = {"Bruker SPM": b"\\*File list\r\n\\Version: 1\r\n", "Igor": IGOR, "ASD": b"\1\0\0\0" + bytes(400)}
NO_WRITER = "nothing here can write this format"
SIDE = 64


@pytest.fixture(params=IMAGE_FORMATS, ids=lambda entry: entry.name)
def entry(request: pytest.FixtureRequest) -> ImageFormat:
    found: ImageFormat = request.param
    return found


def sample(entry: ImageFormat) -> bytes:
    return WRITERS[entry.name](SIDE) if entry.name in WRITERS else HEADS[entry.name]


def test_every_format_is_tested() -> None:
    assert {*WRITERS, *HEADS} == set(IMAGE_FORMATS.names)


def test_extensions_are_lower_case_and_its_own(entry: ImageFormat) -> None:
    assert entry.label in format_names()
    for extension in entry.extensions:
        assert extension == extension.lower()
        assert extension.startswith(".")
        assert promised_format(f"A{extension.upper()}") is entry
        assert looks_like_image(f"a{extension}")


def test_its_files_are_recognised_by_their_content(entry: ImageFormat) -> None:
    data = sample(entry)
    assert recognised_format(data, f"a{entry.extensions[0]}") is entry
    assert not entry.recognises(b"", entry.extensions[0])
    assert not entry.recognises(b"%PDF-1.7 and so on", entry.extensions[0])


def test_valid_file_is_decoded_to_pixels(entry: ImageFormat) -> None:
    if entry.name not in WRITERS:
        pytest.skip(NO_WRITER)
    data = sample(entry)
    found = decode(data, f"a{entry.extensions[0]}")
    assert found.format == entry.name
    assert found.pixels.dtype == np.uint8
    assert found.pixels.ndim in (2, 3)
    assert found.pixels.std() > 1
    assert np.array_equal(found.pixels, decode(data, f"a{entry.extensions[0]}").pixels)


@pytest.mark.parametrize("share", [0.2, 0.5, 0.9])
def test_truncated_file_ends_with_a_reason(entry: ImageFormat, share: float) -> None:
    data = sample(entry)
    try:
        decode(data[: max(8, int(share * len(data)))], f"a{entry.extensions[0]}")
    except Undecodable as error:
        assert str(error)


def test_too_small_image_is_refused_with_its_size(entry: ImageFormat) -> None:
    if entry.name not in WRITERS:
        pytest.skip(NO_WRITER)
    with pytest.raises(Undecodable, match="too small: 9 x 9"):
        decode(WRITERS[entry.name](9), f"a{entry.extensions[0]}")


def test_entries_load_no_decoder_before_they_read() -> None:
    code = (
        "import sys, defect_workbench.engine.input.formats.registry;"
        "print([m for m in ('PIL', 'tifffile', 'torch', 'AFMReader') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_stored_features_stay_valid_until_a_format_is_decoded_differently() -> None:
    assert DECODER["decoder"] == decoder_version() == "v2"
    with IMAGE_FORMATS.including(_dummy(version=3)):
        assert decoder_version() == "v2, Dummy v3"


def _read(data: bytes) -> Decoded:
    width, height = data[5], data[6]
    check_size(width, height)
    pixels: Pixels = np.frombuffer(data[7:], np.uint8).reshape(height, width)
    return Decoded(pixels, ("a dummy",))


def _dummy(version: int = 2) -> ImageFormat:
    return ImageFormat(
        "Dummy", "Dummy images", (".dummy",), lambda head, _: head.startswith(b"DUMMY"), _read, version
    )


@pytest.fixture
def dummy() -> Iterator[ImageFormat]:
    with IMAGE_FORMATS.including(_dummy()):
        yield IMAGE_FORMATS["Dummy"]


def test_new_format_is_scanned_decoded_and_named(dummy: ImageFormat, tmp_path: Path) -> None:
    lot = tmp_path / "lot"
    lot.mkdir()
    data = b"DUMMY" + bytes(RAMP.shape[::-1]) + RAMP.tobytes()
    (lot / "a.dummy").write_bytes(data)
    (lot / "b.png").write_bytes(data)
    (lot / "c.dummy").write_bytes(b"nothing")
    quiet = SilentReporter()
    listing = scan(lot, quiet)
    assert [file.path for file in listing.files] == ["a.dummy", "b.png", "c.dummy"]
    store, library = FeatureStore(tmp_path / "s"), WeightsLibrary(tmp_path / "none")
    images = extract(listing, store, library, quiet, offline=True).images
    assert [image.path for image in images.images] == ["a.dummy", "b.png"]
    assert images.images[1].note.startswith("Dummy content under the extension .png")
    assert "Dummy images" in images.rejected[0].reason
    assert extension_note("b.png", "Dummy") == "Dummy content under the extension .png"
    assert decode(data, "a.dummy").note == "a dummy"
    assert thumbnail(lot / "a.dummy", 32) is not None


def test_new_format_is_shown_by_the_dialog_that_asks_for_a_folder(dummy: ImageFormat, qtbot: QtBot) -> None:
    parent = QWidget()
    qtbot.addWidget(parent)
    ask_image_folder(parent, "Folder of images", lambda _: None)
    (dialog,) = parent.findChildren(QFileDialog)
    assert "*.dummy" in dialog.nameFilters()[0]
    assert "*.png" in dialog.nameFilters()[0]
    assert dialog.fileMode() == QFileDialog.FileMode.Directory
    dialog.reject()


def test_without_the_new_format_its_files_are_passed_over(tmp_path: Path) -> None:
    (tmp_path / "a.dummy").write_bytes(b"DUMMY")
    assert not scan(tmp_path, SilentReporter()).files
