"""Near-duplicates: the same pixels again, shifted a little or stored anew.

Images that are merely alike, such as clean ones, are none: after the best shift the two must differ by
little more than re-encoding leaves, and their details, not just their brightness, must agree.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from defect_workbench.core.errors import WorkbenchError
from defect_workbench.core.features import DEEP, Features
from defect_workbench.core.progress import Reporter
from defect_workbench.core.records import ImageSet
from defect_workbench.engine import prepare
from defect_workbench.engine.classify.views import read_pixels
from defect_workbench.engine.outliers import nearest_neighbours

Labels = NDArray[np.intp]
Floats = NDArray[np.float64]

NEIGHBOURS = 6
SIDE = 128
MAX_SHIFT = 0.12
CORRELATION = 0.9
FINE_CORRELATION = 0.7
_NEAR = 0.5
_EVEN = 1.0


def near_duplicates(images: ImageSet, features: Features, reporter: Reporter) -> Labels:
    """The group of each image; near-duplicates share one.

    Candidates are each image's nearest in feature space, closer than half the usual distance; their
    pixels decide.

    Returns
    -------
    (n,) intp
    """
    n = len(images)
    edges: list[tuple[int, int]] = []
    first: dict[str, int] = {}
    for index, image in enumerate(images.images):
        edges.append((first.setdefault(image.sha256, index), index))
    candidates = [
        (i, j) for i, j in _candidates(features) if images.images[i].sha256 != images.images[j].sha256
    ]
    reporter.stage("Looking for near-duplicates", len(candidates))
    pictures = _Pictures(images, sorted({i for pair in candidates for i in pair}), reporter)
    for i, j in candidates:
        reporter.check()
        a, b = pictures.get(i), pictures.get(j)
        if a is not None and b is not None and same_pixels(a, b):
            edges.append((i, j))
        reporter.advance()
    rows, columns = np.array(edges, np.intp).reshape(-1, 2).T
    graph = coo_array((np.ones(len(rows)), (rows, columns)), shape=(n, n))
    _, groups = connected_components(graph, directed=False)
    return groups.astype(np.intp)


def _candidates(features: Features) -> list[tuple[int, int]]:
    n = len(features)
    if n < 2:
        return []
    pairs: set[tuple[int, int]] = set()
    for name, block in features.blocks.items():
        rows = block.astype(np.float64)
        if name == DEEP:
            rows = rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-12)
        else:
            deviation = rows.std(axis=0)
            rows = (rows - rows.mean(axis=0)) / np.where(deviation > 0, deviation, 1.0)
        if name != DEEP and DEEP in features.blocks:
            continue
        distances, indices = nearest_neighbours(rows, min(NEIGHBOURS, n - 1))
        # Two random images of the set lie this far from each other.
        usual = np.sqrt(2 * float(rows.var(axis=0).sum()))
        close = distances < _NEAR * usual
        for i, k in zip(*np.nonzero(close), strict=True):
            j = int(indices[i, k])
            pairs.add((min(int(i), j), max(int(i), j)))
    return sorted(pairs)


class _Pictures:
    """Small grey pictures, decoded once each."""

    def __init__(self, images: ImageSet, wanted: list[int], reporter: Reporter) -> None:
        self._found: dict[int, Floats | None] = {}
        with ThreadPoolExecutor(2, thread_name_prefix="decode") as pool:
            for start in range(0, len(wanted), 64):
                reporter.check()
                part = wanted[start : start + 64]
                self._found.update(zip(part, pool.map(lambda i: _small(images, i), part), strict=True))

    def get(self, index: int) -> Floats | None:
        return self._found[index]


def _small(images: ImageSet, index: int) -> Floats | None:
    try:
        grey, _ = prepare.prepare(read_pixels(images, index))
    except WorkbenchError:
        return None
    result: Floats = ndimage.zoom(grey.astype(np.float64), SIDE / grey.shape[0], order=1)
    return result


def same_pixels(first: Floats, second: Floats) -> bool:
    """Whether two pictures are one, up to a small shift, brightness, contrast and re-encoding.

    The shift is where the phase correlation is largest (C. D. Kuglin, D. C. Hines, Proc. IEEE Conf.
    Cybernetics and Society, 1975). Over the common field the pictures must then correlate, as they are
    and with everything larger than a few pixels taken off: clean images share the latter never, for
    their noise differs.

    Parameters
    ----------
    first, second : (side, side) float64
    """
    side = first.shape[0]
    if min(first.std(), second.std()) < _EVEN:
        # Pictures without any detail cannot be told apart or together.
        return bool(np.abs(first - second).max() <= 2)
    window = np.hanning(side)[:, None] * np.hanning(side)[None, :]
    spectra = [np.fft.rfft2((p - p.mean()) * window) for p in (first, second)]
    cross = spectra[0] * np.conj(spectra[1])
    peaks = np.fft.irfft2(cross / np.maximum(np.abs(cross), 1e-9), first.shape)
    limit = int(MAX_SHIFT * side)
    allowed = np.r_[0 : limit + 1, side - limit : side]
    within = peaks[np.ix_(allowed, allowed)]
    row, column = np.unravel_index(int(within.argmax()), within.shape)
    shift = [int(allowed[k]) if allowed[k] <= limit else int(allowed[k]) - side for k in (row, column)]
    a, b = _common(first, second, shift[0], shift[1])
    if _correlation(a, b) < CORRELATION:
        return False
    fine = [p - ndimage.gaussian_filter(p, 2.0) for p in (a, b)]
    return _correlation(fine[0], fine[1]) >= FINE_CORRELATION


def _common(first: Floats, second: Floats, down: int, right: int) -> tuple[Floats, Floats]:
    """The field both show where `first` is `second` moved by (down, right)."""
    side = first.shape[0]
    rows, columns = side - abs(down), side - abs(right)
    top, left = max(0, down), max(0, right)
    other_top, other_left = max(0, -down), max(0, -right)
    return (
        first[top : top + rows, left : left + columns],
        second[other_top : other_top + rows, other_left : other_left + columns],
    )


def _correlation(a: Floats, b: Floats) -> float:
    x, y = a - a.mean(), b - b.mean()
    scale = float(np.sqrt((x * x).sum() * (y * y).sum()))
    return float((x * y).sum()) / scale if scale > 0 else 0.0
