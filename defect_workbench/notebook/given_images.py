"""The images that a notebook names: a folder, an inspection file, some files, or arrays of grey values."""

from __future__ import annotations

import os
import shutil
import tempfile
import weakref
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from defect_workbench.core.errors import InputError
from defect_workbench.core.images.image_records import Rejection
from defect_workbench.core.progress import Reporter
from defect_workbench.engine.input.scan import Listing, found_file
from defect_workbench.workflows.klarf.image_listing import ImageSource, ListedImages, list_images

PathLike: TypeAlias = str | os.PathLike[str]
Images: TypeAlias = PathLike | Iterable[PathLike] | Iterable[NDArray[Any]] | NDArray[Any]


class TemporaryImages:
    """A folder for the images of arrays, which is deleted with the object or when Python ends."""

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="defect-workbench-"))
        weakref.finalize(self, shutil.rmtree, self.folder, ignore_errors=True)


@dataclass(frozen=True, eq=False)
class GivenImages:
    """Images with their listing.

    Attributes
    ----------
    order : tuple of str or None
        The path of each image as they were given, which may repeat; None for a folder.
    temporary : TemporaryImages or None
        Where the images of arrays are.
    """

    listed: ListedImages
    order: tuple[str, ...] | None = None
    temporary: TemporaryImages | None = None


def given_images(images: Images, reporter: Reporter, *, klarf: bool = False) -> GivenImages:
    """List the images that were given.

    Parameters
    ----------
    images : path, sequence of paths, sequence of arrays, or array
        A folder or an inspection file; image files; or (height, width) or (height, width, 3) arrays, also
        stacked to one array.
    klarf : bool
        Whether a folder contains inspection files, whose images are used.

    Raises
    ------
    InputError
        If they cannot be listed.
    """
    if isinstance(images, str | os.PathLike):
        source = ImageSource(Path(images).expanduser(), klarf)
        return GivenImages(list_images(source, reporter))
    if not isinstance(images, Iterable):
        raise InputError(f"images are a folder, paths or arrays, not {type(images).__name__}")
    several: list[Any] = list(images)
    if not several:
        raise InputError("no images were given")
    if all(isinstance(each, str | os.PathLike) for each in several):
        return _of_files([Path(each).expanduser() for each in several])
    if all(isinstance(each, np.ndarray) for each in several):
        return _of_arrays(several)
    raise InputError("the images are neither all paths nor all NumPy arrays")


def _of_files(files: Sequence[Path]) -> GivenImages:
    absolute = [Path(os.path.abspath(file)) for file in files]
    try:
        root = Path(os.path.commonpath([file.parent for file in absolute]))
    except ValueError as error:  # on Windows, different drives
        raise InputError("the images lie on different drives; copy them to one") from error
    order = tuple(file.relative_to(root).as_posix() for file in absolute)
    states = [found_file(root, path) for path in sorted(set(order))]
    rejected = tuple(state for state in states if isinstance(state, Rejection))
    listing = Listing(root, tuple(s for s in states if not isinstance(s, Rejection)), rejected)
    return GivenImages(ListedImages(listing), order)


def _of_arrays(arrays: Sequence[NDArray[Any]]) -> GivenImages:
    temporary = TemporaryImages()
    folder = temporary.folder / "images"
    folder.mkdir()
    width = max(4, len(str(len(arrays))))
    files = [
        _write(array, folder / f"image-{number:0{width}d}", number) for number, array in enumerate(arrays, 1)
    ]
    given = _of_files(files)
    return GivenImages(given.listed, given.order, temporary)


def _write(values: NDArray[Any], stem: Path, number: int) -> Path:
    """Write an array as an image file without loss, and return the file."""
    grey = values.ndim == 2 and values.size > 0
    if not grey and not (values.ndim == 3 and values.shape[2] == 3 and values.size > 0):
        raise InputError(
            f"array {number} has the shape {values.shape}; an image is (height, width) or (height, width, 3)"
        )
    if values.dtype.kind not in "buif":
        raise InputError(f"array {number} contains {values.dtype} and not real numbers")
    if values.dtype == np.bool_:
        values = values.astype(np.uint8) * np.uint8(255)
    if values.dtype == np.uint8:
        from PIL import Image

        file = stem.with_suffix(".png")
        Image.fromarray(values).save(file, compress_level=0)
        return file
    import tifffile

    file = stem.with_suffix(".tif")
    tifffile.imwrite(file, values, photometric="minisblack" if grey else "rgb", metadata=None)
    return file
