"""Files nobody would write on purpose: mutated ones, and ones that promise too much.

The number of cases of each test is `HOSTILE_CASES` where the environment sets it.
"""

import io
import os
import struct
import zipfile
import zlib
from collections.abc import Callable

import numpy as np
import tifffile
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

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


def zipped(parts: dict[str, bytes]) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return stream.getvalue()
