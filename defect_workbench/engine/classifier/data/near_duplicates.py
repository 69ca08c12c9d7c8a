"""Find near-duplicates: images with the same pixels after a small shift or re-encoding.

Images that are merely similar, such as clean ones, are not near-duplicates: after the best shift, two images
must differ by little more than re-encoding causes, and their details must agree, not only their brightness.

We implement the registration ourselves because it must search small shifts only; in repeating patterns, the
largest peak often belongs to a large shift. scikit-image's `phase_cross_correlation` has no such limit: among
the 3,675 candidates of a set of 1,360 images it finds one of three pairs, in seven times the time.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
from scipy import ndimage
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from defect_workbench.core.arrays import Floats, Integers
from defect_workbench.core.clustering.feature_blocks import DEEP, Features
from defect_workbench.core.errors import WorkbenchError
from defect_workbench.core.images.image_records import ImageSet
from defect_workbench.core.normalisation import column_spread, unit_rows
from defect_workbench.core.progress import Reporter
from defect_workbench.engine.clustering.outliers import nearest_neighbours
from defect_workbench.engine.extraction.reading_again import read_pixels
from defect_workbench.engine.preprocessing import resize

NEIGHBOURS = 6
MAX_SHIFT = 0.12
ROUGH_CORRELATION = 0.3
CORRELATION = 0.8
# Scale in pixels above which structures are subtracted, and the correlation required after that: repeating
# patterns agree in many images, but the finest details and the noise only in near-duplicates.
FINE_CORRELATIONS = ((2.0, 0.65), (1.0, 0.4))
_NEAR = 0.5
_EVEN = 1.0


def near_duplicates(images: ImageSet, features: Features, reporter: Reporter) -> Integers:
    """Return the group of each image; near-duplicates share one.

    Candidates are each image's nearest neighbours in feature space that are closer than half the distance
    between random images; their pixels are then compared. Images that can no longer be read are not compared.

    Parameters
    ----------
    images : ImageSet
        Of n images.
    features : Features
        Of the same images.

    Returns
    -------
    (n,) intp

    Raises
    ------
    Cancelled
        If the user cancelled.
    """
    n = len(images)
    edges: list[tuple[int, int]] = []
    first: dict[str, int] = {}
    for index, image in enumerate(images.images):
        edges.append((first.setdefault(image.sha256, index), index))
    candidates = [
        (i, j) for i, j in _candidates(features) if images.images[i].sha256 != images.images[j].sha256
    ]
    reporter.stage("Searching for near-duplicates", len(candidates))
    grey = _GreyImages(images, sorted({i for pair in candidates for i in pair}), reporter)
    for i, j in candidates:
        reporter.check()
        a, b = grey.get(i), grey.get(j)
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
    for name in [DEEP] if DEEP in features.blocks else features.blocks:
        rows = features.blocks[name].astype(np.float64)
        rows = unit_rows(rows) if name == DEEP else (rows - rows.mean(axis=0)) / column_spread(rows)
        distances, indices = nearest_neighbours(rows, min(NEIGHBOURS, n - 1))
        # The root mean square distance between two random images of the set.
        typical = np.sqrt(2 * float(rows.var(axis=0).sum()))
        for i, k in zip(*np.nonzero(distances < _NEAR * typical), strict=True):
            j = int(indices[i, k])
            pairs.add((min(int(i), j), max(int(i), j)))
    return sorted(pairs)


class _GreyImages:
    """Images resized to the network's input size, in grey, each decoded once."""

    def __init__(self, images: ImageSet, indices: list[int], reporter: Reporter) -> None:
        self._by_index: dict[int, Floats | None] = {}
        with ThreadPoolExecutor(2, thread_name_prefix="decode") as pool:
            for start in range(0, len(indices), 64):
                reporter.check()
                part = indices[start : start + 64]
                self._by_index.update(zip(part, pool.map(lambda i: _small(images, i), part), strict=True))

    def get(self, index: int) -> Floats | None:
        return self._by_index[index]


def _small(images: ImageSet, index: int) -> Floats | None:
    try:
        grey, _ = resize.prepare(read_pixels(images, index))
    except WorkbenchError:
        return None
    return grey.astype(np.float64)


def same_pixels(first: Floats, second: Floats) -> bool:
    """Return whether two images differ only by a small shift, brightness, contrast and re-encoding.

    The shift maximises the phase correlation (C. D. Kuglin, D. C. Hines, Proc. IEEE Conf. Cybernetics and
    Society, 1975), with sub-pixel accuracy by H. Foroosh, J. Zerubia, M. Berthod, IEEE Trans. Image
    Processing 11, 2002. Where they overlap, the images must then correlate, both as they are and after
    structures larger than a few pixels are subtracted; the latter never correlates between two clean images,
    as their noise differs.

    Parameters
    ----------
    first, second : (side, side) float64
    """
    side = first.shape[0]
    if min(first.std(), second.std()) < _EVEN:
        # A uniform image has no detail to register.
        return bool(np.abs(first - second).max() <= 2)
    window = np.hanning(side)[:, None] * np.hanning(side)[None, :]
    spectra = [np.fft.rfft2((p - p.mean()) * window) for p in (first, second)]
    cross = spectra[0] * np.conj(spectra[1])
    peaks = np.fft.irfft2(cross / np.maximum(np.abs(cross), 1e-9), first.shape)
    limit = int(MAX_SHIFT * side)
    allowed = np.r_[0 : limit + 1, side - limit : side]
    within = peaks[np.ix_(allowed, allowed)]
    row, column = (int(allowed[k]) for k in np.unravel_index(int(within.argmax()), within.shape))
    down, right = (k if k <= limit else k - side for k in (row, column))
    a, b = _common(first, second, down, right)
    if _correlation(a, b) < ROUGH_CORRELATION:
        return False
    # The shift is rarely a whole number of pixels of the resized image.
    rest = (_peak(peaks[:, column], row), _peak(peaks[row, :], column))
    moved = ndimage.shift(second, (down + rest[0], right + rest[1]), order=3, mode="nearest")
    edge = 2
    rows = slice(max(0, down) + edge, side + min(0, down) - edge)
    columns = slice(max(0, right) + edge, side + min(0, right) - edge)
    a, b = first[rows, columns], moved[rows, columns]
    if _correlation(a, b) < CORRELATION:
        return False
    return all(
        _correlation(*(p - ndimage.gaussian_filter(p, scale) for p in (a, b))) >= least
        for scale, least in FINE_CORRELATIONS
    )


def _peak(values: Floats, index: int) -> float:
    """Return the sub-pixel offset of a phase correlation's peak from its largest value, in pixels."""
    before, here, after = (float(values[(index + k) % len(values)]) for k in (-1, 0, 1))
    side, sign = (after, 1.0) if after > before else (before, -1.0)
    if side <= 0 or here <= 0:
        return 0.0
    return sign * side / (side + here)


def _common(first: Floats, second: Floats, down: int, right: int) -> tuple[Floats, Floats]:
    """Return the parts of both images that overlap if `first` is `second` shifted by (down, right)."""
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
