"""Limits for zip files from untrusted sources, checked before anything is unpacked."""

from __future__ import annotations

import ast
import zipfile
from typing import Any

import numpy as np
from numpy.typing import NDArray

from defect_workbench.core.errors import InputError

_MAX_MEMBERS = 10_000
_FREE = 64 * 1024**2
_LARGEST_RATIO = 100


def check_size(archive: zipfile.ZipFile, size: int, most: int | None = None) -> None:
    """Refuse an archive that unpacks to far more than its size.

    `zipfile` never unpacks a member beyond its declared size, so the declared sizes can be trusted as
    upper bounds.

    Parameters
    ----------
    size : int
        Of the archive, in bytes.
    most : int, optional
        Bytes it may unpack to; default: 64 MB and a hundred times its size.

    Raises
    ------
    InputError
        If it has too many members or would unpack to too many bytes.
    """
    members = archive.infolist()
    if len(members) > _MAX_MEMBERS:
        raise InputError(f"the archive has {len(members):,} members; it was not opened")
    total = sum(member.file_size for member in members)
    limit = _FREE + _LARGEST_RATIO * size if most is None else most
    if total > limit:
        raise InputError(
            f"it would unpack to {total / 1024**2:,.0f} MB from {size / 1024**2:,.1f} MB; it was not opened"
        )


def read_array(data: bytes) -> NDArray[Any]:
    """A numpy array of numbers from the bytes of a `.npy` file.

    `numpy.lib.format.read_array` allocates the array before it knows that the data are long enough; here
    the shape is checked first.

    Raises
    ------
    ValueError
        If it holds objects, or its header and its length differ.
    """
    if data[:6] != b"\x93NUMPY" or len(data) < 12:
        raise ValueError("no array")
    wide = data[6] > 1
    length = int.from_bytes(data[8:12] if wide else data[8:10], "little")
    start = 12 if wide else 10
    if length > 10_000:
        raise ValueError("the header is too long")
    header = ast.literal_eval(data[start : start + length].decode("latin-1").strip())
    dtype = np.dtype(header["descr"])
    shape = tuple(int(side) for side in header["shape"])
    if dtype.kind not in "fiub" or min(shape, default=0) < 0:
        raise ValueError("not an array of numbers")
    count = 1
    for side in shape:
        count *= side
    body = data[start + length :]
    if count * dtype.itemsize != len(body):
        raise ValueError("header and length differ")
    values: NDArray[Any] = np.frombuffer(body, dtype).copy()
    return values.reshape(shape[::-1]).T if header["fortran_order"] else values.reshape(shape)
