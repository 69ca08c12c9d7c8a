"""Images, tables and weights of any bytes: the answer is a result or a sentence, never a fault."""

import io
import os
import zipfile
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path

import numpy as np
import pytest
import tifffile
from hypothesis import given
from hypothesis import strategies as st

from defect_workbench.core.errors import InputError, WorkbenchError
from defect_workbench.core.images.image_records import ImageRecord, ImageSet
from defect_workbench.core.project.side_data import join
from defect_workbench.engine.backbone.pretrained.checkpoint_files import read_checkpoint
from defect_workbench.engine.input.decode import decode
from defect_workbench.engine.input.formats.image_format import MAX_PIXELS, Undecodable
from defect_workbench.storage.session.table_reader import read_table
from tests.builders import picture
from tests.hostile import hostile, mutated, png_bomb, tiff_bomb, zipped


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
        plain = zipped({name: archive.read(name) for name in archive.namelist()})
    return stream.getvalue(), plain, b"file;lot;value\na.png;=x;1,5\n", "f\tö\na.png\té\n".encode("utf-16")


@hostile
@given(st.one_of(mutated(tables), st.binary(max_size=200), st.text(max_size=200).map(str.encode)))
def test_any_bytes_for_side_data_are_a_table_or_refused_with_a_reason(content: bytes) -> None:
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
def test_any_bytes_for_weights_are_refused_with_a_reason(content: bytes) -> None:
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
