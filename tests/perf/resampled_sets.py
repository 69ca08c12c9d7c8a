"""Large image sets made from small ones: vectors are drawn again and again, with noise.

The noise is the difference of two images of the same class, halved. It has the directions in which real
images of a class differ, and is so large that nearest neighbours are about as far as those of real images.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from defect_workbench.core.arrays import Integers, Vectors
from defect_workbench.core.clustering.feature_blocks import BackboneInfo
from defect_workbench.core.images.image_records import FileStamp
from defect_workbench.core.images.measurements import NUMBERS
from defect_workbench.core.images.preprocessing_steps import DEFAULT
from defect_workbench.core.progress import SilentReporter
from defect_workbench.engine.extraction.stored_vectors import (
    FACTS,
    FLUSH_IMAGES,
    HINTS,
    Blocks,
    open_blocks,
)
from defect_workbench.engine.features.identity import NetworkInUse
from defect_workbench.engine.input.scan import scan
from defect_workbench.storage.vectors.feature_store import FeatureStore
from defect_workbench.user_dirs import UserDirs
from defect_workbench.workflows.extract import FeatureOptions, extract_listing

DATA = Path(__file__).parents[3] / "shared" / "data"
SETS = ("x-sdd", "deeppcb-crops")
_NOISE = 0.5
_CHUNK = 8 * FLUSH_IMAGES


@dataclass(frozen=True, eq=False)
class LabelledSet:
    """The features of labelled images.

    Attributes
    ----------
    blocks : mapping of str to (n, d) float32
    labels : (n,) str
    """

    blocks: Mapping[str, Vectors]
    labels: np.ndarray[Any, np.dtype[np.str_]]
    backbone: BackboneInfo | None

    def drawn(self, count: int, rng: np.random.Generator) -> tuple[dict[str, Vectors], Integers]:
        """Return the blocks of images drawn at random, with noise, and which images they are."""
        base = rng.integers(0, len(self.labels), count)
        first, second = np.empty(count, np.intp), np.empty(count, np.intp)
        for label in np.unique(self.labels):
            members = np.flatnonzero(self.labels == label)
            rows = np.flatnonzero(self.labels[base] == label)
            first[rows], second[rows] = rng.choice(members, (2, len(rows)))
        blocks = {
            name: (block[base] + _NOISE * (block[first] - block[second])).astype(np.float32)
            for name, block in self.blocks.items()
        }
        return blocks, base


def labelled_set(name: str, work: Path) -> LabelledSet:
    """Return the features of a set in `DATA`, which are extracted the first time.

    Parameters
    ----------
    work : Path
        Folder for the feature stores of the sets.
    """
    options = FeatureOptions.at(UserDirs.of_user()).with_store(work / name)
    extraction = extract_listing(scan(DATA / name, SilentReporter()), options, SilentReporter())
    labels = np.array([image.path.split("/")[0] for image in extraction.images.images])
    return LabelledSet(extraction.features.blocks, labels, extraction.features.backbone)


def missing_data() -> str:
    """Return why there are no real sets to draw from; empty if there are."""
    absent = [name for name in SETS if not (DATA / name).is_dir()]
    return f"not measured: {DATA} lacks {', '.join(absent)}" if absent else ""


def write_store(source: LabelledSet, folder: Path, count: int, images: Path | None = None) -> list[str]:
    """Fill a feature store with the vectors of drawn images, as an extraction does.

    Parameters
    ----------
    images : Path, optional
        Folder in which empty files stand for the images; default: the images were deleted.

    Returns
    -------
    list of str
        The content hashes.
    """
    store = FeatureStore(folder)
    hashes = [hashlib.sha256(str(number).encode()).hexdigest() for number in range(count)]
    fill_store(source, store, hashes)
    root = Path("/nowhere") if images is None else images
    stamps = {}
    for number, content in enumerate(hashes):
        path = f"lot-{number // 1000:03d}/{number:06d}.png"
        stamps[path] = FileStamp(1, 1, content) if images is None else _file(root / path, content)
    store.remember_files(root, stamps)
    return hashes


def fill_store(source: LabelledSet, store: FeatureStore, hashes: list[str], side: int = 128) -> None:
    """Fill a store with the vectors of drawn images under given content hashes.

    Parameters
    ----------
    side : int
        Width and height of the images, in pixels.
    """
    blocks = open_blocks(store, DEFAULT, _network(source.backbone))
    rng = np.random.default_rng(len(hashes))
    for start, drawn in _chunks(source, len(hashes), rng):
        part = hashes[start : start + len(next(iter(drawn.values())))]
        for first in range(0, len(part), FLUSH_IMAGES):
            rows = slice(first, first + FLUSH_IMAGES)
            _write(blocks, part[rows], {name: block[rows] for name, block in drawn.items()}, side)


def _chunks(
    source: LabelledSet, count: int, rng: np.random.Generator
) -> Iterator[tuple[int, dict[str, Vectors]]]:
    for start in range(0, count, _CHUNK):
        yield start, source.drawn(min(_CHUNK, count - start), rng)[0]


def _write(blocks: Blocks, hashes: list[str], vectors: Mapping[str, Vectors], side: int) -> None:
    for name, stored in blocks.vectors.items():
        # The network's descriptions are stored in half precision.
        values = vectors[name].astype(np.float16) if name == "deep" else vectors[name]
        stored.append_vectors(hashes, values)
    count = len(hashes)
    blocks.measured.append_fields(hashes, {name: [1.0] * count for name in (*NUMBERS, *HINTS)})
    facts = zip(FACTS, (side, side, "PNG", "", "", json.dumps({}), 0), strict=True)
    blocks.facts.append_fields(hashes, {name: [value] * count for name, value in facts})


def _network(backbone: BackboneInfo | None) -> NetworkInUse | None:
    if backbone is None:
        return None
    info = FeatureOptions.at(UserDirs.of_user()).library.info()
    assert info is not None
    return NetworkInUse(
        info.name, info.sha256, str(info.variant), backbone.precision, backbone.device, backbone.description
    )


def _file(path: Path, content: str) -> FileStamp:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"x")
    status = os.stat(path)
    return FileStamp(status.st_size, status.st_mtime_ns, content, status.st_ctime_ns, status.st_ino)
