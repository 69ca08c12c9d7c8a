"""Test whether a column of side data is associated with the clusters."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from defect_workbench.core.arrays import Floats, Integers
from defect_workbench.core.project.defect_counts import defect_columns
from defect_workbench.core.project.project_state import Project
from defect_workbench.core.table_columns import Column, ColumnKind

PERMUTATIONS = 9999
_MANY_CELLS = 10_000
_BATCH_CELLS = 2_000_000
_MOST_CELLS = 10_000_000
_SMALL_EXPECTED = 5.0  # below this the chi-square distribution is a poor approximation (Cochran 1954)
_SMALL_SHARE = 0.2
_SMALL_GROUPS = 5


@dataclass(frozen=True, eq=False)
class Association:
    """A cross-table of a column against the clusters, the test, and its interpretation.

    Attributes
    ----------
    column : str
        Name of the column of the side data, or what was counted.
    kind : ColumnKind
    rows : tuple of str
        Labels of the clusters, and outliers last if there are any.
    columns : tuple of str
        Categories, the most frequent first, as many as fit into ten million cells; for numbers "images",
        "lower quartile", "median", "upper quartile".
    table : (rows, columns) float64
        Counts; for numbers, the statistics named in `columns`.
    images : int
        Number of images that have a value.
    test : str
        Name of the test; empty if none was possible.
    statistic, p_value, effect : float
        NaN if no test was possible; `effect` is Cramér's V or epsilon squared, 0 to 1.
    reading : str
        The interpretation, shown to the user.
    """

    column: str
    kind: ColumnKind
    rows: tuple[str, ...]
    columns: tuple[str, ...]
    table: Floats
    images: int
    test: str
    statistic: float
    p_value: float
    effect: float
    reading: str


def groups_of(project: Project) -> tuple[Integers, tuple[str, ...]]:
    """Return the group of each image, and the labels of the groups; all outliers form one group.

    Returns
    -------
    groups : (n,) intp
        Index into the labels.
    labels : tuple of str
    """
    partition = project.partition
    labels = [cluster.label for cluster in partition.clusters]
    numbers = partition.cluster_of.astype(np.intp)
    if len(partition.outliers):
        numbers = np.where(numbers < 0, len(labels), numbers)
        labels.append("outliers")
    return numbers, tuple(labels)


def associations(project: Project) -> list[Association]:
    """Return the association of each column of side data, and of the found defects, with the clusters."""
    columns = [*(project.side.columns if project.side is not None else ()), *defect_columns(project)]
    numbers, labels = groups_of(project)
    seed = project.analysis.settings.seed
    return [associate(column, numbers, labels, seed) for column in columns]


def associate(column: Column, groups: Integers, labels: Sequence[str], seed: int = 0) -> Association:
    """Tabulate a column against groups of images, and test whether the two are associated.

    Categories: Pearson's chi-square test of independence with Cramér's V, corrected for bias (W. Bergsma, J.
    Korean Stat. Soc. 42, 2013). If many expected counts are below 5, Fisher's exact test for two by two
    cells, else a permutation test. Numbers: the Kruskal-Wallis test with epsilon squared, H / (n - 1), by
    permutation if every group is small.

    Parameters
    ----------
    groups : (n,) intp
        Index into `labels` for each image.
    labels : sequence of str
    seed : int
        Seed of the permutations.

    Returns
    -------
    Association
    """
    has_value = np.array([cell is not None for cell in column.cells], dtype=bool)
    if column.kind is ColumnKind.NUMBER:
        values = np.array([cell for cell in column.cells if cell is not None], dtype=np.float64)
        return _of_numbers(column.name, values, groups[has_value], labels, seed)
    texts = [str(cell) for cell in column.cells if cell is not None]
    return _of_categories(column.name, texts, groups[has_value], labels, seed)


def _of_categories(
    name: str, texts: list[str], groups: Integers, labels: Sequence[str], seed: int
) -> Association:
    distinct, codes, counts = np.unique(
        np.array(texts, dtype=object), return_inverse=True, return_counts=True
    )
    order = np.argsort(-counts, kind="stable")
    rank = np.empty(len(order), np.intp)
    rank[order] = np.arange(len(order))
    codes = rank[codes] if len(codes) else np.empty(0, np.intp)
    most = max(2, _MOST_CELLS // max(1, len(labels)))
    table = np.zeros((len(labels), min(most, len(distinct))))
    inside = codes < most
    np.add.at(table, (groups[inside], codes[inside]), 1)
    columns = tuple(str(distinct[i]) for i in order[:most])
    images = len(texts)

    def result(test: str, statistic: float, p_value: float, effect: float, reading: str) -> Association:
        return Association(
            name,
            ColumnKind.TEXT,
            tuple(labels),
            columns,
            table,
            images,
            test,
            statistic,
            p_value,
            effect,
            reading,
        )  # fmt: skip

    used = table[table.sum(axis=1) > 0]
    if min(used.shape, default=0) < 2:
        return _untested(result, "there is only one value, or only one cluster has values")
    if len(distinct) > max(20, images / 2):
        return _untested(result, "nearly every image has a different value")
    if len(distinct) > most:
        return _untested(result, f"there are {len(distinct):,} values and {len(labels):,} clusters")
    from scipy import stats

    chi = stats.chi2_contingency(used, correction=False)
    statistic, p_value = float(chi.statistic), float(chi.pvalue)
    test = "chi-square"
    if (chi.expected_freq < _SMALL_EXPECTED).mean() > _SMALL_SHARE:
        if used.shape == (2, 2):
            p_value, test = float(stats.fisher_exact(used.astype(int)).pvalue), "Fisher's exact test"
        else:
            p_value, rounds = _permuted_chi_square(used, seed)
            test = f"chi-square by {rounds:,} permutations"
    effect = _cramers_v(statistic, images, used.shape)
    return result(test, statistic, p_value, effect, _words(name, p_value, effect, (0.1, 0.3, 0.5)))


def _permuted_chi_square(table: Floats, seed: int) -> tuple[float, int]:
    """Return the p-value of chi-square among random tables with the same margins, and their number.

    The tables are drawn directly, with the distribution that shuffling the categories of the images gives.
    Fisher's test of larger tables orders them by probability; we use chi-square, as the effect size is based
    on it.
    """
    from scipy import stats

    rounds = PERMUTATIONS if table.size <= _MANY_CELLS else PERMUTATIONS // 10
    drawing = stats.MonteCarloMethod(
        n_resamples=rounds, batch=max(1, _BATCH_CELLS // table.size), rng=np.random.default_rng(seed)
    )
    return float(stats.chi2_contingency(table, correction=False, method=drawing).pvalue), rounds


def _cramers_v(statistic: float, images: int, shape: tuple[int, ...]) -> float:
    rows, columns = shape
    if images < 2:
        return float("nan")
    phi = max(0.0, statistic / images - (rows - 1) * (columns - 1) / (images - 1))
    r = rows - (rows - 1) ** 2 / (images - 1)
    c = columns - (columns - 1) ** 2 / (images - 1)
    least = min(r - 1, c - 1)
    return min(1.0, float(np.sqrt(phi / least))) if least > 0 else 0.0


def _of_numbers(name: str, values: Floats, groups: Integers, labels: Sequence[str], seed: int) -> Association:
    columns = ("images", "lower quartile", "median", "upper quartile")
    table = np.full((len(labels), 4), np.nan)
    samples = []
    for number in range(len(labels)):
        sample = values[groups == number]
        table[number, 0] = len(sample)
        if len(sample):
            table[number, 1:] = np.percentile(sample, (25, 50, 75))
            samples.append(sample)

    def result(test: str, statistic: float, p_value: float, effect: float, reading: str) -> Association:
        return Association(
            name, ColumnKind.NUMBER, tuple(labels), columns, table, len(values), test, statistic, p_value,
            effect, reading,
        )  # fmt: skip

    if len(samples) < 2 or len(values) < 3:
        return _untested(result, "fewer than two clusters have values")
    if np.ptp(values) == 0:
        return _untested(result, "all values are equal")
    from scipy import stats

    statistic, p_value = map(float, stats.kruskal(*samples))
    test = "Kruskal-Wallis"
    if max(len(sample) for sample in samples) < _SMALL_GROUPS:
        p_value, how = _permuted_kruskal(samples, seed)
        test = f"Kruskal-Wallis by {how}"
    effect = min(1.0, max(0.0, statistic / (len(values) - 1)))
    return result(test, statistic, p_value, effect, _words(name, p_value, effect, (0.01, 0.08, 0.26)))


def _permuted_kruskal(samples: list[Floats], seed: int) -> tuple[float, str]:
    """Return the p-value of the Kruskal-Wallis test by permutation, and a description of the permutations.

    If there are no more than `PERMUTATIONS` permutations, all are counted.
    """
    from scipy import stats

    ends = np.cumsum([len(sample) for sample in samples])[:-1]
    ranks = np.split(stats.rankdata(np.concatenate(samples)), ends)

    def statistic(*parts: Floats, axis: int) -> Floats:
        # Equals H up to constants, as the ranks stay the same.
        result: Floats = np.sum([part.sum(axis=axis) ** 2 / part.shape[axis] for part in parts], axis=0)
        return result

    outcome = stats.permutation_test(
        ranks,
        statistic,
        vectorized=True,
        n_resamples=PERMUTATIONS,
        batch=max(1, _BATCH_CELLS // sum(map(len, ranks))),
        alternative="greater",
        rng=np.random.default_rng(seed),
    )
    rounds = len(outcome.null_distribution)
    return float(outcome.pvalue), f"{'all ' if rounds < PERMUTATIONS else ''}{rounds:,} permutations"


def _untested(result: Callable[[str, float, float, float, str], Association], why: str) -> Association:
    nothing = float("nan")
    return result("", nothing, nothing, nothing, f"Not tested: {why}.")


def _words(name: str, p_value: float, effect: float, steps: tuple[float, float, float]) -> str:
    """Return the interpretation of a test; the limits of small, medium and large effects are Cohen's."""
    if p_value >= 0.05:
        return f"No evidence that {name} is related to the clusters ({_p_words(p_value)})."
    sizes = ("barely", "weakly", "moderately", "strongly")
    size = sizes[sum(effect >= step for step in steps)]
    return f"{name} is {size} related to the clusters ({_p_words(p_value)})."


def _p_words(p_value: float) -> str:
    return "p below 0.0001" if p_value < 1e-4 else f"p = {p_value:.2g}"
