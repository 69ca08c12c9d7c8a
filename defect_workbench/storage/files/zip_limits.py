"""Limits for untrusted zip files, checked before anything is unpacked."""

from __future__ import annotations

import ast
import zipfile
from typing import Any

import numpy as np
from numpy.typing import NDArray

from defect_workbench.core.errors import InputError

_MAX_MEMBERS = 10_000
_ALWAYS_ALLOWED_BYTES = 64 * 1024**2
_MAX_RATIO = 100


def check_size(archive: zipfile.ZipFile, size: int, max_bytes: int | None = None) -> None:
    """Reject an archive that unpacks to far more than its size.

    `zipfile` never unpacks a member beyond its declared size, so the declared sizes can be trusted as
    upper bounds.

    Parameters
    ----------
    size : int
        Size of the archive in bytes.
    max_bytes : int, optional
        Limit of the unpacked size; default: 64 MB plus a hundred times the size of the archive.

    Raises
    ------
    InputError
        If it has too many members or would unpack to too many bytes.
    """
    members = archive.infolist()
    if len(members) > _MAX_MEMBERS:
        raise InputError(f"the archive has {len(members):,} members; it was not opened")
    total = sum(member.file_size for member in members)
    limit = _ALWAYS_ALLOWED_BYTES + _MAX_RATIO * size if max_bytes is None else max_bytes
    if total > limit:
        raise InputError(
            f"it would unpack to {total / 1024**2:,.0f} MB from {size / 1024**2:,.1f} MB; it was not opened"
        )


def read_array(data: bytes) -> NDArray[Any]:
    """Return the array of numbers in the bytes of a `.npy` file.

    Unlike `numpy.lib.format.read_array`, it checks the length of the data before it allocates the array.

    Raises
    ------
    ValueError
        If it contains objects, or its header and length disagree.
    """
    if data[:6] != b"\x93NUMPY" or len(data) < 12:
        raise ValueError("not an array")
    is_version_2 = data[6] > 1
    length = int.from_bytes(data[8:12] if is_version_2 else data[8:10], "little")
    start = 12 if is_version_2 else 10
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
        raise ValueError("header and length disagree")
    values: NDArray[Any] = np.frombuffer(body, dtype).copy()
    return values.reshape(shape[::-1]).T if header["fortran_order"] else values.reshape(shape)
