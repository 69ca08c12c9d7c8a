"""How long a large inspection file takes to list, and how much memory: 66,000 defects, 132,000 pages.

Run with `python -m tests.perf.klarf_listing [DEFECTS]`. Each step runs in a process of its own, so that its
peak of memory is its own.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import tifffile

from defect_workbench.core.progress import SilentReporter
from defect_workbench.sample.klarf_writer import KlarfLot, LotDefect, LotPicture, LotWafer, klarf_bytes

SIDE = 32
WAFERS = 25


def write_lot(folder: Path, defects: int, more: tuple[str, ...] = ()) -> Path:
    """Write a lot with two pages per defect: the picture and its reference.

    Parameters
    ----------
    more : tuple of str
        Further columns of the records, of whole numbers.
    """
    rng = np.random.default_rng(0)
    dies = tuple((x, y) for x in range(-12, 13) for y in range(-12, 13) if x * x + y * y < 150)
    rows: list[list[LotDefect]] = [[] for _ in range(WAFERS)]
    with tifffile.TiffWriter(folder / "lot.tif") as writer:
        for number in range(1, defects + 1):
            picture = rng.integers(90, 110, (SIDE, SIDE), dtype=np.uint8)
            for _ in range(2):
                writer.write(picture, photometric="minisblack", metadata=None)
            pictures = (LotPicture(2 * number - 1, "Test"), LotPicture(2 * number, "Reference"))
            where = tuple(rng.uniform(0, 8000, 2))
            die = dies[int(rng.integers(len(dies)))]
            cells = dict(zip(more, map(str, rng.integers(0, 1000, len(more)).tolist()), strict=True))
            rows[number % WAFERS].append(LotDefect(number, die, where, pictures=pictures, more=cells))
    wafers = tuple(LotWafer(f"W{n + 1}", n + 1, dies, tuple(each)) for n, each in enumerate(rows))
    path = folder / "lot.001"
    path.write_bytes(klarf_bytes(KlarfLot("LOT", wafers, more_columns=more), "1.8"))
    return path


def measure(step: str, path: Path) -> dict[str, float]:
    """Run one step and return seconds and the growth of memory in MB."""
    from defect_workbench.engine.input.file_reading import read_found
    from defect_workbench.storage.klarf.reading import read_klarf
    from defect_workbench.workflows.klarf.image_listing import ImageSource, list_images

    before = peak_mb()
    used = time.process_time()
    if step == "parse":
        started = time.perf_counter()
        read_klarf(path)
    else:
        started = time.perf_counter()
        listed = list_images(ImageSource(path), SilentReporter())
        if step == "pages":
            files = np.random.default_rng(1).permutation(len(listed.listing.files))[:2000]
            started = time.perf_counter()
            for index in files.tolist():
                assert isinstance(read_found(path.parent, listed.listing.files[index]), bytes)
    seconds = time.perf_counter() - started
    return {"seconds": seconds, "cpu": time.process_time() - used, "mb": peak_mb() - before}


def peak_mb() -> float:
    """Return the peak of memory of this process in MB; that of `resource` includes the parent."""
    text = Path("/proc/self/status").read_text()
    return int(text.partition("VmHWM:")[2].split()[0]) / 1024


def main(defects: int) -> None:
    """Print the figures of three runs of each step, medians first."""
    with tempfile.TemporaryDirectory() as folder:
        path = write_lot(Path(folder), defects)
        size = (path.stat().st_size / 1e6, (Path(folder) / "lot.tif").stat().st_size / 1e6)
        print(f"{defects:,} defects, {2 * defects:,} pages; KLARF {size[0]:.0f} MB, TIFF {size[1]:.0f} MB")
        for step, words in (
            ("parse", "read the KLARF"),
            ("list", "list the images with their references"),
            ("pages", "read 2,000 pages at random places"),
        ):
            runs = []
            for _ in range(3):
                command = [sys.executable, "-m", "tests.perf.klarf_listing", step, str(path)]
                done = subprocess.run(command, capture_output=True, text=True, check=True)
                runs.append(json.loads(done.stdout))
            seconds = sorted(run["seconds"] for run in runs)
            memory = max(run["mb"] for run in runs)
            print(
                f"  {words:<40} {seconds[1]:6.2f} s ({seconds[0]:.2f} to {seconds[2]:.2f}), {memory:5.0f} MB"
            )


if __name__ == "__main__":
    if len(sys.argv) == 3:
        print(json.dumps(measure(sys.argv[1], Path(sys.argv[2]))))
    else:
        main(int(sys.argv[1]) if len(sys.argv) > 1 else 66_000)
