"""Scan and extract many files, checking that none is lost and that the scan is fast.

    python -m tests.perf.load [--files 50000] [--bad 0.01] [--extract 50000] [--keep FOLDER]

Writes small images, some of them unusable in various ways, and prints the duration of the scan and how many
files were accepted and rejected. Extraction runs without network weights, which are not needed for counting.
"""

from __future__ import annotations

import argparse
import io
import os
import tempfile
import time
from pathlib import Path

import numpy as np
from PIL import Image

from defect_workbench.core.progress import SilentReporter
from defect_workbench.engine.backbone.pretrained import WeightsLibrary
from defect_workbench.engine.extraction.extractor import extract
from defect_workbench.engine.input.scan import Listing, scan
from defect_workbench.storage.vectors.feature_store import FeatureStore

_FILES_PER_FOLDER = 1000


def write_unusable(path: Path, kind: int, content: bytes) -> None:
    """Write a file that has the name of an image but cannot be used; `kind` chooses why."""
    if kind == 0:
        path.write_bytes(b"")
    elif kind == 1:
        path.write_bytes(content[: len(content) // 2])
    elif kind == 2:
        path.write_bytes(b"not an image")
    elif kind == 3:
        path.symlink_to(path.with_name("nowhere"))
    elif kind == 4:
        os.mkfifo(path)
    else:
        path.with_name(f".{path.name}").write_bytes(content)


def write_files(folder: Path, files: int, bad: float) -> int:
    """Write images of different content and return how many of the files cannot be used."""
    rng = np.random.default_rng(0)
    background = rng.integers(0, 256, (32, 32), dtype=np.uint8)
    every = round(1 / bad) if bad else files + 1
    unusable = 0
    for index in range(files):
        subfolder = folder / f"{index // _FILES_PER_FOLDER:03d}"
        if index % _FILES_PER_FOLDER == 0:
            subfolder.mkdir(parents=True)
        pixels = background.copy()
        pixels[:2] = np.frombuffer(index.to_bytes(8, "little") * 8, np.uint8).reshape(2, 32)
        stream = io.BytesIO()
        Image.fromarray(pixels).save(stream, "BMP")
        path = subfolder / f"{index:06d}.bmp"
        if index % every == every - 1:
            write_unusable(path, unusable % 6, stream.getvalue())
            unusable += 1
        else:
            path.write_bytes(stream.getvalue())
    return unusable


def main() -> None:
    """Write the files and print the results."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--files", type=int, default=50_000)
    parser.add_argument("--bad", type=float, default=0.01)
    parser.add_argument("--extract", type=int, default=5_000, help="number of files to extract")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary) / "lot"
        unusable = write_files(folder, args.files, args.bad)
        started = time.perf_counter()
        listing = scan(folder, SilentReporter())
        seconds = time.perf_counter() - started
        listed = len(listing.files) + len(listing.rejected)
        print(f"scan: {listed:,} of {args.files:,} files in {seconds:.2f} s, {unusable:,} of them unusable")
        assert listed == args.files
        part = Listing(folder, listing.files[: args.extract], listing.rejected)
        started = time.perf_counter()
        store = FeatureStore(Path(temporary) / "store")
        library = WeightsLibrary(Path(temporary) / "none")
        images = extract(part, store, library, SilentReporter(), offline=True).images
        seconds = time.perf_counter() - started
        total = len(part.files) + len(part.rejected)
        print(
            f"extraction: {total:,} files in {seconds:.0f} s: {len(images):,} accepted + "
            f"{len(images.rejected):,} rejected = {len(images) + len(images.rejected):,}"
        )
        assert len(images) + len(images.rejected) == total
        if args.extract >= args.files:
            assert len(images.rejected) == unusable
        started = time.perf_counter()
        second = extract(part, store, library, SilentReporter(), offline=True)
        print(
            f"second extraction, all in the store: {time.perf_counter() - started:.1f} "
            f"s, {second.computed:,} new"
        )


if __name__ == "__main__":
    main()
