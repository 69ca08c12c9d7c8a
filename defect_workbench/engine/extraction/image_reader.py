"""Read the files of a folder in threads, and compute the features that need no batch."""

from __future__ import annotations

import json
import logging
import os
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from defect_workbench.core.arrays import Vectors
from defect_workbench.core.images.image_records import Rejection
from defect_workbench.core.images.preprocessing_steps import Preprocessing
from defect_workbench.engine.extraction.stored_vectors import Blocks, Facts, image_key
from defect_workbench.engine.features.block import ImageArray, Input
from defect_workbench.engine.features.registry import BLOCKS
from defect_workbench.engine.input.decode import decode
from defect_workbench.engine.input.file_reading import content_sha256, is_too_large, read_found
from defect_workbench.engine.input.formats.image_format import NotNow, Undecodable
from defect_workbench.engine.input.scan import FoundFile, Listing
from defect_workbench.engine.input.sidecar_files import SidecarFiles
from defect_workbench.engine.measurement import defects
from defect_workbench.engine.preprocessing import info_bar
from defect_workbench.engine.preprocessing.feature_input import preprocessed

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Task:
    """The settings and stores that the reading threads share.

    Attributes
    ----------
    measure_version : str
        One of `defects.VERSIONS`.
    """

    root: Path
    processing: Preprocessing
    blocks: Blocks
    sides: SidecarFiles
    measure_version: str = defects.IDENTITY

    def key(self, path: str, sha256: str) -> str:
        """Return the key under which the vectors of a file with this content are stored."""
        return image_key(self.sides, path, sha256, self.processing)

    def complete(self, path: str, sha256: str) -> bool:
        """Return whether nothing is left to compute for a file with this content."""
        return self.blocks.complete(sha256, self.key(path, sha256))


@dataclass(frozen=True)
class ReadImage:
    """A file that was read. If its content was rejected, `facts` has the reason and the rest is empty.

    Attributes
    ----------
    missing : sequence of str
        Names of the feature blocks that are not in the store.
    vectors : mapping of str to (d,) float32
        Vectors of those blocks that need no batch.
    inputs : mapping of Input to array
        Input of the other blocks.
    """

    path: str
    sha256: str
    key: str
    facts: Facts
    measured: tuple[float, ...] = ()
    missing: Sequence[str] = ()
    vectors: Mapping[str, Vectors] = field(default_factory=dict)
    inputs: Mapping[Input, ImageArray] = field(default_factory=dict)

    @property
    def rejected(self) -> bool:
        """Whether the content cannot be decoded."""
        return not self.measured


Outcome = str | Rejection | ReadImage


def read_all(
    listing: Listing, known: Sequence[str | None], task: Task, ahead: int, cores: int | None = None
) -> Iterator[tuple[FoundFile, Outcome]]:
    """Read the files in the order of the listing.

    Parameters
    ----------
    known : sequence of str or None
        The content hash of each file that has not changed since it was last read.
    ahead : int
        Number of files that may be read in advance.
    cores : int, optional
        There is a reading thread for each core, and two for one. Default: all of the machine.

    Yields
    ------
    tuple of FoundFile and Outcome
        The content hash if nothing is left to compute, the rejection, or the image.
    """
    workers = max(2, cores or os.cpu_count() or 2)
    waiting: deque[tuple[FoundFile, Future[Outcome] | str]] = deque()
    with ThreadPoolExecutor(workers, thread_name_prefix="decode") as pool:
        try:
            for file, sha256 in zip(listing.files, known, strict=True):
                if sha256 is not None and task.complete(file.path, sha256):
                    waiting.append((file, sha256))
                else:
                    waiting.append((file, pool.submit(_read, file, task)))
                if len(waiting) >= ahead:
                    yield _result(waiting.popleft())
            while waiting:
                yield _result(waiting.popleft())
        finally:
            for _, item in waiting:
                if isinstance(item, Future):
                    item.cancel()


def content_hash(file: FoundFile, task: Task) -> str | None:
    """Return the SHA-256 of a file's content; None if it is too large or cannot be read."""
    data = None if is_too_large(file) else read_found(task.root, file)
    return content_sha256(file, data) if isinstance(data, bytes) else None


def _result(item: tuple[FoundFile, Future[Outcome] | str]) -> tuple[FoundFile, Outcome]:
    file, outcome = item
    return file, outcome.result() if isinstance(outcome, Future) else outcome


def _read(file: FoundFile, task: Task) -> Outcome:
    if is_too_large(file):
        return Rejection(file.path, f"too large: {file.size / 1024**3:.1f} GB; the limit is 1 GB")
    data = read_found(task.root, file)
    if isinstance(data, Rejection):
        return data
    sha256 = content_sha256(file, data)
    key = task.key(file.path, sha256)
    if task.blocks.complete(sha256, key):
        return sha256
    try:
        return _computed(file.path, data, sha256, key, task)
    except NotNow as error:
        return Rejection(file.path, str(error))
    except Undecodable as error:
        return ReadImage(file.path, sha256, key, (0, 0, "", "", str(error), "", 0))
    except Exception as error:  # a bug that affects one image must not stop the others
        log.exception("%s cannot be measured", file.path)
        return Rejection(file.path, f"its features cannot be computed ({_short(error)}); the log has details")


def _short(error: Exception) -> str:
    return "not enough memory" if isinstance(error, MemoryError) else f"{type(error).__name__}: {error}"[:200]


def _computed(path: str, data: bytes, sha256: str, key: str, task: Task) -> ReadImage:
    image = decode(data, path)
    bar = info_bar.found_rows(image.pixels, image.tool)
    rows = info_bar.rows_to_leave_out(image.height, bar, task.processing)
    finding = defects.find(image.pixels[: image.height - rows], task.measure_version)
    size = image.tool.pixel_size_nm
    if task.processing.rescale_nm is not None:
        size = task.sides.pixel_size(path) or size
    ready = preprocessed(image.pixels, task.processing, bar_rows=rows, pixel_size_nm=size)
    resized = ready.resized()
    inputs = {Input.GREY: resized.grey, Input.NETWORK: resized.rgb, Input.MASK: finding.largest}
    tool = json.dumps(image.tool.as_json(), sort_keys=True) if image.tool else ""
    facts = (image.width, image.height, image.format, image.note, "", tool, bar)
    measured = (*finding.measurements.numbers(), finding.pitch, finding.shading, finding.rest)
    missing = task.blocks.missing(sha256, key)
    unbatched = [BLOCKS[name] for name in missing if not (BLOCKS[name].batched or BLOCKS[name].by_network)]
    vectors = {block.name: block.vectors([inputs[block.input]])[0] for block in unbatched}
    if not all(np.isfinite(values).all() for values in (*vectors.values(), measured)):
        raise ValueError("a feature is not a finite number")
    needed = {BLOCKS[name].input for name in missing if name not in vectors}
    kept = {kind: array for kind, array in inputs.items() if kind in needed}
    return ReadImage(path, sha256, key, facts, measured, missing, vectors, kept)
