"""Compare the fast precisions of the network with single precision: the same clusters, as true as before?

    python -m tests.quality.precisions [FOLDER ...] [--images 400] [--seeds 10] [--only NAME]

For each labelled set and precision: the cosine between an image's vectors (mean and lowest); the clusters at
the suggested cut of the whole set; how far both partitions agree (adjusted Rand index); and the change of the
agreement with the classes, as the mean over random 80 % subsamples with the 5 % and 95 % quantiles. As trees
are sensitive to any change, the last line of each set is single precision with random noise of that size.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from defect_workbench.core.arrays import Integers, Vectors
from defect_workbench.core.clustering.feature_blocks import DEEP
from defect_workbench.core.normalisation import unit_rows
from defect_workbench.core.progress import SilentReporter
from defect_workbench.engine.backbone.network import Precision
from defect_workbench.user_dirs import UserDirs
from defect_workbench.workflows.extract import FeatureOptions
from tests.quality.__main__ import SHARED_DATA
from tests.quality.describe import PICTURE, Sample, read_sample
from tests.quality.evaluate import SHARE
from tests.quality.figures import ari, exported_labels
from tests.quality.inventory import take_stock
from tests.quality.labelled import LabelledFolder, subsample

FAST = (Precision.BF16, Precision.BF16_FUSED)
CONTROL = "fp32, noise"


def cosines(first: Vectors, second: Vectors) -> Vectors:
    """Return the cosine between the rows of two arrays."""
    return np.asarray((unit_rows(first) * unit_rows(second)).sum(axis=1), np.float32)


def with_noise(sample: Sample, cosine: float) -> Sample:
    """Return a sample whose vectors of the network have noise that leaves this cosine on average."""
    vectors = unit_rows(sample.features.blocks[DEEP])
    noise = np.random.default_rng(0).standard_normal(vectors.shape, np.float32)
    length = np.sqrt((1 / cosine**2 - 1) / vectors.shape[1])
    blocks = {**sample.features.blocks, DEEP: (vectors + length * noise).astype(np.float32)}
    return replace(sample, features=replace(sample.features, blocks=blocks))


def suggested(sample: Sample, rows: Integers) -> Integers:
    """Return the exported labels of some images at their suggested cut."""
    return exported_labels(PICTURE.analysis_of(sample.subset(rows), 0))


def compare(source: LabelledFolder, options: FeatureOptions, images: int, seeds: int) -> list[str]:
    """Return one line of the table per fast precision, and one for noise."""
    given: dict[str, Sample] = {
        each: read_sample(source, images, replace(options, precision=str(each)), SilentReporter())
        for each in (Precision.FP32, *FAST)
    }
    full = given[Precision.FP32]
    classes = full.labelled().labels
    everything = np.arange(len(classes))
    parts = [subsample(classes, SHARE, seed) for seed in range(seeds)]
    single = suggested(full, everything)
    single_parts = [suggested(full, rows) for rows in parts]
    kept = cosines(full.features.blocks[DEEP], given[FAST[0]].features.blocks[DEEP])
    given[CONTROL] = with_noise(full, float(kept.mean()))
    lines = []
    for precision in (*FAST, CONTROL):
        fast = given[precision]
        same = cosines(full.features.blocks[DEEP], fast.features.blocks[DEEP])
        labels = suggested(fast, everything)
        found = [suggested(fast, rows) for rows in parts]
        agreement = [ari(mine, theirs) for mine, theirs in zip(found, single_parts, strict=True)]
        change = [
            ari(classes[rows], mine) - ari(classes[rows], theirs)
            for rows, mine, theirs in zip(parts, found, single_parts, strict=True)
        ]
        lines.append(
            f"| {source.name} | {len(classes)} | {precision} | {same.mean():.5f} ({same.min():.4f}) "
            f"| {len(np.unique(labels))} ({len(np.unique(single))}) | {ari(labels, single):.3f} "
            f"| {spread(agreement)} | {spread(change)} |"
        )
    return lines


def spread(values: Sequence[float]) -> str:
    """Return mean and quantiles as text."""
    low, high = np.quantile(values, (0.05, 0.95))
    return f"{np.mean(values):.3f} [{low:.3f} to {high:.3f}]"


def main() -> None:
    """Print the table."""
    user = UserDirs.of_user()
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("folders", nargs="*", type=Path, metavar="FOLDER", help="a folder of class folders")
    parser.add_argument("--images", type=int, default=400)
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--only", action="append", default=[], metavar="NAME")
    parser.add_argument("--cache", type=Path, default=user.analyses.parent / "quality", metavar="DIR")
    args = parser.parse_args()
    options = replace(FeatureOptions.at(user), store=args.cache / "features")
    columns = (
        "set",
        "images",
        "precision",
        "cosine: mean (lowest)",
        "labels, outliers counted (fp32)",
        "ARI to fp32",
        "on subsamples",
        "change of the ARI to the classes",
    )
    print(f"| {' | '.join(columns)} |")
    print("|---" * len(columns) + "|")
    for source in take_stock(SHARED_DATA, args.folders, args.cache).sets:
        if args.only and source.name not in args.only:
            continue
        print(f"reading {source.name}", file=sys.stderr)
        for line in compare(source, options, args.images, args.seeds):
            print(line, flush=True)


if __name__ == "__main__":
    main()
