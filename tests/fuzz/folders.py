"""Random folders with unusual files, copies, names and links."""

from __future__ import annotations

import io
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import tifffile
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image

SHAPES = ((16, 16), (33, 20), (17, 48), (64, 64), (1, 1), (1, 900), (700, 16), (16, 5441))
EXTENSIONS = (".png", ".tif", ".TIFF", ".jpg", ".bmp", ".gif", ".webp", ".jpeg", ".txt", ".heic", "")
ODD_NAMES = (
    *(
        "a\nb",
        "a\x1b[2Jb",
        "\u202egnp",
        "欠陥" * 20,
        "é",
        "e\u0301",
        "A",
        "a",
        "CON",
        "nul.x",
        ".hidden",
        "-rf",
    ),
    *(
        "é",
        "=1+1",
        "@cmd",
        "a;b",
        'a"b',
        "<b>x</b>",
        "a&b",
        "x" * 240,
        "漢" * 80,
        "trailing.",
        " space ",
        "%s",
    ),
    *("~2", "a~2", "😀", "\x9b31m", "manifest.csv", "session.dwb", "a\\b", "a'b", "a,b", "#", "\u0958" * 40),
)
FOLDERS = (
    *("", "", "", "sub", "sub/deep", ".hidden", "Sub", "_outliers", "a b", "cluster-01", "..data", "x.png"),
)

Pixels = NDArray[np.generic]


@dataclass(frozen=True)
class File:
    """One file of a random folder."""

    folder: str
    name: str
    kind: str
    shape: tuple[int, int]
    seed: int
    damage: str = ""

    @property
    def path(self) -> str:
        return f"{self.folder}/{self.name}" if self.folder else self.name


def noise(shape: tuple[int, int], seed: int) -> NDArray[np.uint8]:
    rng = np.random.default_rng(seed)
    return rng.integers(0, 256, shape, dtype=np.uint8)


def pillow(mode: str, kind: str) -> Callable[[tuple[int, int], int], bytes]:
    def make(shape: tuple[int, int], seed: int) -> bytes:
        stream = io.BytesIO()
        Image.fromarray(noise(shape, seed)).convert(mode).save(stream, kind)
        return stream.getvalue()

    return make


def tiff(change: Callable[[NDArray[np.uint8]], Pixels]) -> Callable[[tuple[int, int], int], bytes]:
    def make(shape: tuple[int, int], seed: int) -> bytes:
        stream = io.BytesIO()
        tifffile.imwrite(stream, change(noise(shape, seed)))
        return stream.getvalue()

    return make


def holes(pixels: NDArray[np.uint8]) -> Pixels:
    values = pixels.astype(np.float64)
    values[pixels > 200], values[pixels < 20] = np.nan, np.inf
    return values


def flat(shape: tuple[int, int], seed: int) -> bytes:
    stream = io.BytesIO()
    Image.fromarray(np.full(shape, seed * 50 % 256, np.uint8)).save(stream, "PNG")
    return stream.getvalue()


def wide(shape: tuple[int, int], seed: int) -> bytes:
    stream = io.BytesIO()
    values = noise(shape, seed).astype(np.uint16) * 257
    Image.fromarray(values).save(stream, "PNG")
    return stream.getvalue()


MAKERS: dict[str, Callable[[tuple[int, int], int], bytes]] = {
    "grey": pillow("L", "PNG"),
    "rgb": pillow("RGB", "PNG"),
    "rgba": pillow("RGBA", "PNG"),
    "palette": pillow("P", "PNG"),
    "two": pillow("1", "PNG"),
    "jpeg": pillow("L", "JPEG"),
    "cmyk": pillow("CMYK", "JPEG"),
    "bmp": pillow("L", "BMP"),
    "gif": pillow("P", "GIF"),
    "webp": pillow("RGB", "WEBP"),
    "wide": wide,
    "flat": flat,
    "tiff": tiff(lambda pixels: pixels),
    "tiff16": tiff(lambda pixels: pixels.astype(np.uint16) * 200),
    "tifffloat": tiff(lambda pixels: pixels.astype(np.float32) / 7),
    "tiffhuge": tiff(lambda pixels: (pixels.astype(np.float64) - 128) * 1e306),
    "tiffholes": tiff(holes),
    "tiffnothing": tiff(lambda pixels: np.full(pixels.shape, np.nan)),
    "tiffpages": tiff(lambda pixels: np.stack([pixels, pixels[::-1]])),
}
SPECIAL = ("pipe", "link", "broken link", "loop", "folder", "empty", "text")

names = st.one_of(
    st.sampled_from(["a", "b", "c", "lot1_1", "lot1_2", "IMG"]),
    st.sampled_from(ODD_NAMES),
    st.text(st.characters(codec="utf-8", exclude_characters="/\0"), min_size=1, max_size=12),
)
files = st.builds(
    File,
    folder=st.sampled_from(FOLDERS),
    name=st.builds(lambda stem, extension: stem + extension, names, st.sampled_from(EXTENSIONS)),
    kind=st.sampled_from([*MAKERS, *SPECIAL]),
    shape=st.sampled_from(SHAPES),
    # Few seeds: many files are copies of one another.
    seed=st.integers(0, 5),
    damage=st.sampled_from(["", "", "", "", "cut", "flip"]),
)
folders = st.lists(files, min_size=1, max_size=14, unique_by=lambda file: file.path)


def write(root: Path, file: File) -> None:
    """Make a file; what the disk does not take is left out."""
    path = root / file.path
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if os.path.lexists(path):
            return
        if file.kind == "pipe":
            os.mkfifo(path)
        elif file.kind == "link":
            others = sorted(p for p in root.rglob("*") if p.is_file() and not p.is_symlink())
            path.symlink_to(others[file.seed % len(others)] if others else "nowhere")
        elif file.kind == "broken link":
            path.symlink_to("nowhere")
        elif file.kind == "loop":
            path.symlink_to(root)
        elif file.kind == "folder":
            path.mkdir()
        elif file.kind == "empty":
            path.touch()
        elif file.kind == "text":
            path.write_bytes(b"Pixel size = 5 nm\n\x00\xff" * (file.seed + 1))
        else:
            path.write_bytes(damaged(MAKERS[file.kind](file.shape, file.seed), file))
    except OSError:
        return


def damaged(data: bytes, file: File) -> bytes:
    if file.damage == "cut":
        return data[: max(1, len(data) * (file.seed + 1) // 8)]
    if file.damage == "flip":
        flipped = bytearray(data)
        for at in np.random.default_rng(file.seed).integers(0, len(data), 4).tolist():
            flipped[at] ^= 1 << (at % 8)
        return bytes(flipped)
    return data
