"""Files of tensors: versioned safetensors files with JSON metadata, without pickle.

The JSON is in the metadata entry `defect-workbench`, after a SHA-256 of it and of all tensors, which reveals
a damaged file.
"""

from __future__ import annotations

import hashlib
import json
import struct
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from defect_workbench.core.errors import InputError, WorkbenchError
from defect_workbench.core.safe_reading import NotRegularError, TooLargeError, read_regular

# A hundred times the size of a usual model; the whole file is read into memory.
MAX_BYTES = 4 << 30
_ENTRY = "defect-workbench"

Arrays = dict[str, NDArray[Any]]


def tensor_file_bytes(state: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]) -> bytes:
    """Return the content of a file.

    Parameters
    ----------
    state : mapping
        JSON, with the entries `kind` (what the file is) and `format` (its version).
    """
    from safetensors.numpy import save

    kept = {name: np.ascontiguousarray(array) for name, array in arrays.items()}
    text = json.dumps(state, ensure_ascii=False, sort_keys=True)
    # A single entry, as the order of several differs between runs.
    data: bytes = save(kept, metadata={_ENTRY: f"{_digest(text, kept)} {text}"})
    return data


def read_tensor_file(path: Path, kind: str, newest: int) -> tuple[dict[str, Any], Arrays]:
    """Return the JSON and the tensors of a file.

    Parameters
    ----------
    kind : str
        What the file must be.
    newest : int
        The latest format that this version can read.

    Raises
    ------
    WorkbenchError
        If it cannot be read, is something else, is damaged, or was written by a newer version.
    """
    try:
        data = read_regular(path, MAX_BYTES)
    except FileNotFoundError as error:
        raise InputError(f"the model {path} does not exist") from error
    except (NotRegularError, TooLargeError) as error:
        raise InputError(f"{path} is not a model of this program: {error.strerror}") from error
    except OSError as error:
        raise WorkbenchError(f"the model {path} cannot be read: {error.strerror}") from error
    metadata = _metadata(path, data)
    try:
        check, _, text = metadata[_ENTRY].partition(" ")
        state = json.loads(text)
        given, version = str(state["kind"]), int(state["format"])
    except (KeyError, ValueError, TypeError, RecursionError) as error:
        raise InputError(f"{path} is not a model of this program") from error
    if given != kind:
        wanted, found = (each.removeprefix("defect-workbench ") for each in (kind, given))
        raise InputError(
            f"{path} is a {found:.40}, not a {wanted}"
            if given.startswith("defect-workbench ")
            else f"{path} is not a model of this program"
        )
    if version < 1:
        raise InputError(f"{path} is not a model of this program: it has the format {version}")
    if version > newest:
        raise WorkbenchError(
            f"the model {path} was written by a newer version (format {version}); update the program"
        )
    try:
        from safetensors.numpy import load

        arrays: Arrays = load(data)
        if check != _digest(text, arrays):
            raise ValueError("the checksum differs")
    except Exception as error:  # parsers raise all kinds of errors on a damaged file
        raise WorkbenchError(f"the model {path} is damaged; train it again") from error
    return state, arrays


def _digest(text: str, arrays: Mapping[str, NDArray[Any]]) -> str:
    digest = hashlib.sha256(text.encode())
    for name in sorted(arrays):
        digest.update(f"{name} {arrays[name].dtype} {arrays[name].shape}".encode())
        digest.update(np.ascontiguousarray(arrays[name]).tobytes())
    return digest.hexdigest()


def _metadata(path: Path, data: bytes) -> dict[str, str]:
    """Return the metadata of a safetensors file without reading its arrays."""
    try:
        (length,) = struct.unpack("<Q", data[:8])
        if not 0 < length <= len(data) - 8:
            raise ValueError
        header = json.loads(data[8 : 8 + length])
        return {str(k): str(v) for k, v in header["__metadata__"].items()}
    except (struct.error, ValueError, KeyError, AttributeError, TypeError, RecursionError) as error:
        raise InputError(f"{path} is not a model of this program, or its header is damaged") from error
