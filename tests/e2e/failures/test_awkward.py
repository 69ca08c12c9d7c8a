"""A folder of two hundred awkward files: each ends in a cluster or in rejected.csv, with its right reason."""

import io
import os
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
import tifffile
from PIL import Image

from defect_workbench.engine.input.formats.registry import format_names
from tests.builders import picture
from tests.e2e.failures.test_faults import ORDINARY, as_ordinary, needs_rights
from tests.hostile import png_bomb, tiff_bomb
from tests.processes import Command, table

USED = ""


class Maker:
    """Writes files and keeps what is to become of each."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.wanted: dict[str, str] = {}
        self.number = 0

    def image(self, size: tuple[int, int] = (40, 32)) -> Image.Image:
        self.number += 1
        return picture(self.number, size)

    def add(self, name: str, content: bytes, reason: str = USED) -> None:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        self.wanted[name] = reason

    def encoded(self, kind: str, image: Image.Image | None = None, **options: object) -> bytes:
        stream = io.BytesIO()
        (image or self.image()).save(stream, kind, **options)
        return stream.getvalue()


def sound_ones(make: Maker) -> None:
    for mode in ("L", "RGB", "RGBA", "LA", "P", "1"):
        for number in range(6):
            make.add(f"modes/{mode}-{number}.png", make.encoded("PNG", make.image().convert(mode)))
    for mode in ("L", "RGB", "CMYK"):
        make.add(f"modes/{mode}.jpg", make.encoded("JPEG", make.image().convert(mode)))
        make.add(f"modes/{mode}.tif", make.encoded("TIFF", make.image().convert(mode)))
    for extension, kind in (
        ("gif", "GIF"),
        ("webp", "WebP"),
        ("bmp", "BMP"),
        ("dib", "BMP"),
        ("jfif", "JPEG"),
    ):
        make.add(f"kinds/a.{extension}", make.encoded(kind))
        make.add(f"kinds/A.{extension.upper()}", make.encoded(kind))
    rng = np.random.default_rng(7)
    for dtype in ("uint16", "int16", "uint32", "int32", "float32", "float64", "bool"):
        for compression in (None, "zlib", "lzw"):
            stream = io.BytesIO()
            values = (rng.random((40, 48)) * 200).astype(dtype)
            tifffile.imwrite(stream, values, compression=compression, photometric="minisblack")
            make.add(f"deep/{dtype}-{compression}.tif", stream.getvalue())
    for dtype in ("uint8", "uint16"):
        for little in (True, False):
            stream = io.BytesIO()
            values = (rng.random((3, 40, 48)) * 200).astype(dtype)
            tifffile.imwrite(stream, values, byteorder="<" if little else ">", photometric="minisblack")
            make.add(f"deep/pages-{dtype}-{little}.tif", stream.getvalue())
    stream = io.BytesIO()
    values = rng.random((40, 48)).astype(np.float32)
    values[3:9, 4:] = np.nan
    values[0, 0] = np.inf
    tifffile.imwrite(stream, values)
    make.add("deep/not-finite.tif", stream.getvalue())
    make.add("deep/big.tif", bigtiff(rng))
    frames = [make.image() for _ in range(3)]
    make.add("frames.gif", make.encoded("GIF", frames[0], save_all=True, append_images=frames[1:]))
    exif = Image.Exif()
    for turn in range(1, 9):
        exif[0x0112] = turn
        make.add(f"turned/{turn}.jpg", make.encoded("JPEG", exif=exif))
    for name in (
        "names/a b.png", "names/ä ö.png", "names/e\u0301.png", "names/é.png", "names/日本.png",
        "names/a'b\".png",
        "names/a,b;c.png", "names/=1+1.png", "names/-x.png", "names/+y.png", "names/@z.png", "names/CON.png",
        "names/aux.tif.png", "names/a\nb.png", "names/a\tb.png", "names/<b>.png", "names/&amp;.png",
        "names/a..png",
        "names/%41.png", "names/$HOME.png", "names/`id`.png", "names/x*?.png", "names/back\\slash.png",
        "names/" + "n" * 240 + ".png", "names/🙂.png", "names/UP.PNG", "names/up.png", "names/a.b.c.png",
        "=dir/a.png", "dir /a.png", "-dir/a.png", "_outliers/a.png", "manifest.csv/a.png", "train/a.png",
    ):  # fmt: skip
        make.add(name, make.encoded("PNG"))
    deep = "/".join(["d"] * 60)
    make.add(f"{deep}/a.png", make.encoded("PNG"))
    for name, kind in (
        ("wrong/a.png", "JPEG"),
        ("wrong/b.jpg", "PNG"),
        ("wrong/c.tif", "BMP"),
        ("wrong/d.bmp", "TIFF"),
    ):
        make.add(name, make.encoded(kind))
    for size in ((16, 16), (16, 900), (900, 16), (1, 1)):
        reason = "too small: 1 x 1 pixels; each side must have at least 16" if size == (1, 1) else USED
        make.add(f"sizes/{size[0]}x{size[1]}.png", make.encoded("PNG", make.image(size)), reason)
    make.add("flat/black.png", make.encoded("PNG", Image.new("L", (40, 40), 0)))
    make.add("flat/white.png", make.encoded("PNG", Image.new("L", (40, 40), 255)))
    make.add("flat/clear.png", make.encoded("PNG", Image.new("RGBA", (40, 40), (0, 0, 0, 0))))
    make.add("tail.png", make.encoded("PNG") + b"and more bytes after the end")
    same = make.encoded("PNG")
    for number in range(4):
        make.add(f"copies/{number}.png", same)


def bigtiff(rng: np.random.Generator) -> bytes:
    stream = io.BytesIO()
    tifffile.imwrite(stream, (rng.random((40, 48)) * 255).astype(np.uint8), bigtiff=True)
    return stream.getvalue()


def bad_ones(make: Maker) -> None:
    empty = "the file is empty (0 bytes)"
    nothing = f"not an image of a format that this program reads ({format_names()})"
    for extension in ("png", "jpg", "tif", "bmp", "gif", "webp"):
        make.add(f"empty/a.{extension}", b"", empty)
        make.add(f"text/a.{extension}", b"just text", nothing)
    for extension in ("heic", "svg", "psd", "jp2", "nef"):
        make.add(f"unread/a.{extension}", b"\0\1\2\3" * 20, nothing)
    for kind, extension in (
        ("PNG", "png"),
        ("JPEG", "jpg"),
        ("GIF", "gif"),
        ("WebP", "webp"),
        ("BMP", "bmp"),
        ("TIFF", "tif"),
    ):
        whole = make.encoded(kind)
        make.add(f"cut/half.{extension}", whole[: len(whole) // 2], "END")
        make.add(f"cut/head.{extension}", whole[:16], "END")
        make.add(f"cut/head12.{extension}", whole[:12] + b"\xff" * 200, "END")
    for fraction in (0.1, 0.3, 0.6, 0.9):
        for kind, extension in (("PNG", "png"), ("JPEG", "jpg"), ("TIFF", "tif")):
            whole = make.encoded(kind, make.image((200, 200)))
            make.add(f"cut/{fraction}.{extension}", whole[: int(fraction * len(whole))], "END")
    broken = bytearray(make.encoded("PNG", make.image((100, 100))))
    broken[200:260] = b"\0" * 60
    make.add("broken/middle.png", bytes(broken), "END")
    make.add(
        "bombs/a.png",
        png_bomb(60_000, 60_000),
        "too large: 60000 x 60000 pixels; the limit is 100 megapixels",
    )
    make.add(
        "bombs/b.png",
        png_bomb(100_000, 15),
        "too small: 100000 x 15 pixels; each side must have at least 16",
    )
    make.add(
        "bombs/c.tif",
        tiff_bomb(ImageWidth=100_000, ImageLength=100_000),
        "too large: 100000 x 100000 pixels; the limit is 100 megapixels",
    )
    stream = io.BytesIO()
    tifffile.imwrite(stream, np.full((40, 40), np.nan, np.float32))
    make.add("odd/nan.tif", stream.getvalue(), "it contains no finite values")
    stream = io.BytesIO()
    tifffile.imwrite(stream, np.ones((40, 40), np.complex64))
    make.add("odd/complex.tif", stream.getvalue(), "complex numbers are not an image")
    make.add(".hidden.png", make.encoded("PNG"), "a hidden file")
    make.add("sub/.hidden.jpg", make.encoded("JPEG"), "a hidden file")
    (make.folder / "links").mkdir()
    (make.folder / "links" / "nowhere.png").symlink_to("not-there.png")
    make.wanted["links/nowhere.png"] = "a broken link"
    (make.folder / "links" / "round.png").symlink_to("round.png")
    make.wanted["links/round.png"] = "LINK"
    (make.folder / "links" / "good.png").symlink_to("../modes/L-0.png")
    make.wanted["links/good.png"] = USED
    os.mkfifo(make.folder / "links" / "pipe.png")
    make.wanted["links/pipe.png"] = "not a regular file"
    make.add("huge.bmp", b"")
    with (make.folder / "huge.bmp").open("r+b") as stream_:
        stream_.truncate(1024**3 + 5)
    make.wanted["huge.bmp"] = "too large: 1.0 GB; the limit is 1 GB"
    bad = os.fsencode(make.folder) + b"/bad\xff.png"
    with open(bad, "wb") as file:
        file.write(make.encoded("PNG"))
    make.wanted["bad\\xff.png"] = "its name is not valid text (UTF-8)"


@needs_rights
@pytest.mark.skipif(os.name != "posix", reason="names and pipes as POSIX has them")
def test_every_awkward_file_is_clustered_or_listed_with_its_right_reason(
    tmp_path: Path, command: Command
) -> None:
    make = Maker(tmp_path / "lot")
    sound_ones(make)
    bad_ones(make)
    make.add("rights/shut.png", make.encoded("PNG"), "it cannot be read: Permission denied")
    (make.folder / "rights" / "shut.png").chmod(0)
    # Things beside that are no images, and are neither used nor listed.
    for name in ("notes.txt", "Thumbs.db", "data.csv", "noextension"):
        (make.folder / name).write_bytes(b"x")
    (make.folder / "sub" / "loop").symlink_to(make.folder)
    (make.folder / "folder.png").mkdir()
    assert len(make.wanted) >= 200
    done = as_ordinary("cluster", make.folder, "--out", tmp_path / "out", "--offline", "--cut", "8")
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr

    rows = table(tmp_path / "out" / "manifest.csv")
    used = {row["path"].removeprefix("./") for row in rows}
    rejected = {r["path"].removeprefix("./"): r["reason"] for r in table(tmp_path / "out" / "rejected.csv")}
    assert not used & set(rejected)
    assert used | set(rejected) == set(make.wanted)
    wrong = {}
    for path, reason in make.wanted.items():
        said = rejected.get(path, USED)
        if reason == "END":
            right = said.startswith(("truncated or damaged: ", "damaged: "))
        elif reason == "LINK":
            right = "cannot be read" in said or said == "a broken link"
        else:
            right = said == reason
        if not right:
            wrong[path] = (said, reason)
    assert not wrong
    assert Counter(row["exported_as"].casefold() for row in rows).most_common(1)[0][1] == 1
    for row in rows:
        exported = tmp_path / "out" / row["exported_as"]
        assert exported.read_bytes() == (make.folder / row["path"]).read_bytes()
    print(f"{len(make.wanted)} files: {len(used)} used, {len(rejected)} listed; ordinary by {ORDINARY}")
    again = command("replay", tmp_path / "out" / "session.dwb", "--out", tmp_path / "again")
    # Root can read the file that an ordinary user could not.
    assert again.returncode == (1 if ORDINARY else 0), again.stderr
    assert not ORDINARY or "rights/shut.png: can be used now" in again.stderr
