"""The figures of one random subsample of a labelled set."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from defect_workbench.core.arrays import Flags, Integers, Vectors
from defect_workbench.core.classifier.conformal import FALSE_ALARMS
from defect_workbench.core.clustering.clustering_result import Analysis, Settings
from defect_workbench.core.errors import WorkbenchError
from defect_workbench.core.progress import SilentReporter
from defect_workbench.core.project.decisions import Decisions, Partition, base_labels, divide
from tests.quality.describe import Sample, Way
from tests.quality.reviewer import actions_needed

FOREIGN = 9
SIMILAR = (3, 5, 9)

TRUE_ARI, TRUE_NMI = "ARI, true number", "NMI, true number"
CUT_ARI, CUT_NMI = "ARI, suggested cut", "NMI, suggested cut"
BEST_ARI, BEST_NMI = "ARI, best offered cut", "NMI, best offered cut"
BACKGROUND_ARI = "ARI with the background, true number"
CLUSTERS = "clusters, suggested cut"
RECALL, FALSE_FLAGS = "outlier recall", "false flags"
SIMILAR_RECALL, SIMILAR_FALSE_FLAGS = "outlier recall, similar images", "false flags, similar images"
IN_ONE_GROUP = "similar images in one outlier group"
ACCURACY = "classifier accuracy"
UNKNOWN_RECALL, UNKNOWN_RATE = "recall of left-out classes, 2%", "known images flagged, 2%"
ONE_RECALL, ONE_RATE = (
    "recall of left-out classes, 2%, one threshold",
    "known images flagged, 2%, one threshold",
)
ACTIONS = "actions per 100 images"
STRANGENESS = "strangeness, area under the curve"
# The class of images without a defect.
CLEAN = "clean"


def ari(first: Integers, second: Integers) -> float:
    """Return the adjusted Rand index."""
    from sklearn.metrics import adjusted_rand_score

    return float(adjusted_rand_score(first, second))


def nmi(first: Integers, second: Integers) -> float:
    """Return the mutual information over the arithmetic mean of both entropies."""
    from sklearn.metrics import normalized_mutual_info_score

    return float(normalized_mutual_info_score(first, second))


def area(defective: Flags, strangeness: Vectors) -> float:
    """Return the area under the ROC curve of strangeness between clean and defective images."""
    from sklearn.metrics import roc_auc_score

    return float(roc_auc_score(defective, strangeness))


def partition_at_cut(analysis: Analysis) -> Partition:
    """Return clusters and outliers at the suggested cut, before any decision."""
    return divide(analysis, analysis.suggested_cut, Decisions.none(len(analysis)))


def exported_labels(analysis: Analysis) -> Integers:
    """Return the clusters at the suggested cut as the manifest numbers them: each outlier is a cluster."""
    partition = partition_at_cut(analysis)
    labels = partition.cluster_of.astype(np.intp)
    labels[partition.outliers] = len(partition.clusters) + np.arange(len(partition.outliers))
    return labels


def grouping_figures(
    analysis: Analysis, classes: Integers, backgrounds: Integers | None = None
) -> dict[str, float]:
    """Return the agreement of the clusters with the classes.

    Parameters
    ----------
    analysis : Analysis
    classes : (n,) intp
    backgrounds : (n,) intp, optional
        The background of each image; agreement with it means that the wrong thing is grouped.
    """
    true_number = base_labels(analysis, len(np.unique(classes)))
    offered = [base_labels(analysis, suggestion.clusters) for suggestion in analysis.suggestions]
    exported = exported_labels(analysis)
    figures = {
        TRUE_ARI: ari(classes, true_number),
        TRUE_NMI: nmi(classes, true_number),
        CUT_ARI: ari(classes, exported),
        CUT_NMI: nmi(classes, exported),
        BEST_ARI: max((ari(classes, labels) for labels in offered), default=float("nan")),
        BEST_NMI: max((nmi(classes, labels) for labels in offered), default=float("nan")),
        CLUSTERS: float(analysis.suggested_cut),
    }
    if backgrounds is not None:
        figures[BACKGROUND_ARI] = ari(backgrounds, base_labels(analysis, len(np.unique(backgrounds))))
    return figures


def reviewer_figure(analysis: Analysis, classes: Integers, seed: int) -> float:
    """Return the actions of the simulated reviewer per 100 images."""
    from defect_workbench.engine.clustering.group import refine

    def parts_of(members: Integers) -> Sequence[Integers]:
        try:
            finer = refine(analysis.vectors[members], Settings(seed=seed), SilentReporter())
        except WorkbenchError:
            return [members]
        labels = base_labels(finer, finer.suggested_cut)
        return [members[labels == label] for label in np.unique(labels)]

    partition = partition_at_cut(analysis)
    clusters = [np.sort(cluster.members) for cluster in partition.clusters]
    return 100 * actions_needed(classes, clusters, partition.outliers, parts_of) / len(classes)


def draw_foreign(others: Sequence[Sample], seed: int) -> list[tuple[int, int]]:
    """Return nine images of other sets as (set, row), each from a random family and a random set of it."""
    rng = np.random.default_rng([seed, FOREIGN])
    families = sorted({other.source.family for other in others})
    drawn: list[tuple[int, int]] = []
    while len(drawn) < FOREIGN:
        family = families[int(rng.integers(len(families)))]
        of_family = [i for i, other in enumerate(others) if other.source.family == family]
        number = of_family[int(rng.integers(len(of_family)))]
        picked = number, int(rng.integers(len(others[number].images)))
        if picked not in drawn:
            drawn.append(picked)
    return drawn


def draw_similar(others: Sequence[Sample], count: int, seed: int) -> list[tuple[int, int]]:
    """Return images of one class as (set, row): of a random family, set of it and class.

    A class with fewer images is drawn whole.
    """
    rng = np.random.default_rng([seed, count, FOREIGN])
    families = sorted({other.source.family for other in others})
    family = families[int(rng.integers(len(families)))]
    of_family = [i for i, other in enumerate(others) if other.source.family == family]
    number = of_family[int(rng.integers(len(of_family)))]
    classes = others[number].labelled().labels
    rows = np.flatnonzero(classes == rng.choice(np.unique(classes)))
    return [(number, row) for row in rng.permutation(rows)[:count].tolist()]


def outlier_figures(sample: Sample, others: Sequence[Sample], way: Way, seed: int) -> dict[str, float]:
    """Return which share of planted foreign images and of the set's own images is flagged.

    First nine images of different sets are planted; then 3, 5 and 9 images of one class, each alone. Their
    figures are means over the three.

    Parameters
    ----------
    sample : Sample
        Not described yet, as the description may depend on all images.
    others : sequence of Sample
        Of other families; at least nine images in all.
    """
    recall, false_flags, _ = _flagged(sample, others, draw_foreign(others, seed), way, seed)
    similar = [_flagged(sample, others, draw_similar(others, count, seed), way, seed) for count in SIMILAR]
    similar_recall, similar_false_flags, in_one_group = np.mean(similar, axis=0).tolist()
    return {
        RECALL: recall,
        FALSE_FLAGS: false_flags,
        SIMILAR_RECALL: similar_recall,
        SIMILAR_FALSE_FLAGS: similar_false_flags,
        IN_ONE_GROUP: in_one_group,
    }


def _flagged(
    sample: Sample, others: Sequence[Sample], drawn: Sequence[tuple[int, int]], way: Way, seed: int
) -> tuple[float, float, float]:
    """Return the shares of planted and of own images that are flagged, and of planted ones in one group."""
    planted = sample
    for number, row in drawn:
        planted = planted.joined(others[number].subset(np.array([row])))
    flagged = np.zeros(len(planted.images), bool)
    partition = partition_at_cut(way.analysis_of(way.described(planted), seed))
    flagged[partition.outliers] = True
    own = len(sample.images)
    groups = partition.outlier_groups[own:]
    largest = np.bincount(groups[groups >= 0]).max(initial=0)
    return float(flagged[own:].mean()), float(flagged[:own].mean()), float(largest / len(drawn))


def classifier_figures(described: Sample, folds: int, seed: int) -> dict[str, float]:
    """Return the accuracy of the engine's cross-validation, and how well each class left out is recognised.

    Near-duplicates are kept in one fold. The recall is that of the thresholds by label that classifiers have,
    and of one threshold for all labels at the same rate.
    """
    from dataclasses import replace

    from defect_workbench.core.classifier.taxonomy import default_taxonomy
    from defect_workbench.core.classifier.taxonomy_fitting import fit_taxonomy
    from defect_workbench.engine.classifier.cross_validation import cross_validate
    from defect_workbench.engine.classifier.data.dataset import contradictions, without
    from defect_workbench.engine.classifier.data.folder_source import FolderSource
    from defect_workbench.engine.classifier.data.near_duplicates import near_duplicates
    from defect_workbench.engine.classifier.data.stage_inputs import StageInputs
    from defect_workbench.engine.classifier.left_out_classes import left_out_scores
    from defect_workbench.engine.classifier.training import Options
    from defect_workbench.workflows.train import with_useful_residuals

    reporter, options = SilentReporter(), described.options
    data = described.labelled()
    data = with_useful_residuals(data, options, reporter)
    data = without(data, contradictions(data))
    data = replace(data, groups=near_duplicates(data.images, data.features, reporter))
    taxonomy, _ = fit_taxonomy(default_taxonomy(), data.folders)
    source = FolderSource(
        data.images, data.features, options.processing, options.open_store(), options.library, reporter
    )
    inputs = StageInputs(data.features, source)
    result = cross_validate(data, inputs, taxonomy, folds, Options(seed=seed), reporter, ablation=False)
    figures = {ACCURACY: float((result.prediction.labels == result.labels).mean())}
    if len(data.folders) < 3:
        return figures
    scores = list(left_out_scores(data, Options(seed=seed), reporter, folds))
    for by_label, names in ((True, (UNKNOWN_RECALL, UNKNOWN_RATE)), (False, (ONE_RECALL, ONE_RATE))):
        shares = np.mean([entry.flagged(FALSE_ALARMS, by_label=by_label) for entry in scores], axis=0)
        figures |= dict(zip(names, shares.tolist(), strict=True))
    return figures


def codes(names: Sequence[str]) -> Integers:
    """Return the number of each name in alphabetical order."""
    return np.unique(np.array(names, dtype=str), return_inverse=True)[1].astype(np.intp)


def interval(values: Sequence[float]) -> Mapping[str, float]:
    """Return the mean and the 5 % and 95 % quantiles."""
    low, high = np.quantile(values, [0.05, 0.95])
    return {"mean": float(np.mean(values)), "low": float(low), "high": float(high)}
