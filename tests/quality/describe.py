"""The ways of describing images that are compared.

A further way (by the defect, by both) is an entry of `WAYS`; it becomes a column of the table.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from defect_workbench.core.arrays import Integers
from defect_workbench.core.clustering.clustering_result import Analysis, Settings
from defect_workbench.core.clustering.feature_blocks import Features
from defect_workbench.core.images.image_records import ImageSet
from defect_workbench.core.progress import Reporter, SilentReporter
from defect_workbench.engine.classifier.data.dataset import LabelledSet, labelled_set, scan_labels
from defect_workbench.engine.clustering.group import analyse
from defect_workbench.workflows.extract import FeatureOptions, extract_listing
from tests.quality.labelled import LabelledFolder, chosen_paths


@dataclass(frozen=True, eq=False)
class Sample:
    """Images that are described together.

    Attributes
    ----------
    images : ImageSet
    features : Features
        Of the same images, as the extraction gives them.
    source : LabelledFolder
        The set they are from, with what is stored beside it. Foreign images are from other sets.
    options : FeatureOptions
        How to extract further features.
    """

    images: ImageSet
    features: Features
    source: LabelledFolder
    options: FeatureOptions

    def subset(self, rows: Integers) -> Sample:
        """Return some of the images."""
        images = ImageSet(self.images.root, tuple(self.images.images[i] for i in rows.tolist()), ())
        blocks = {name: block[rows] for name, block in self.features.blocks.items()}
        return replace(self, images=images, features=replace(self.features, blocks=blocks))

    def joined(self, others: Sample) -> Sample:
        """Return the images of both; those of `others` get absolute paths."""
        moved = tuple(
            replace(image, path=str(others.images.absolute(row)))
            for row, image in enumerate(others.images.images)
        )
        blocks = {
            name: np.concatenate([block, others.features.blocks[name]])
            for name, block in self.features.blocks.items()
        }
        images = ImageSet(self.images.root, (*self.images.images, *moved), ())
        return replace(self, images=images, features=replace(self.features, blocks=blocks))

    def labelled(self) -> LabelledSet:
        """Return the images with their classes; none may be foreign."""
        return labelled_set(self.images, self.features)


@dataclass(frozen=True)
class Way:
    """A way of describing images: from these vectors they are grouped, flagged and classified.

    Attributes
    ----------
    describe : callable
        Returns the features of a sample, which may depend on the other images in it.
    settings : Settings
        Settings of the grouping; each run replaces the seed.
    """

    describe: Callable[[Sample], Features]
    settings: Settings = field(default_factory=Settings)

    def described(self, sample: Sample) -> Sample:
        """Return the sample with the features of this way."""
        return replace(sample, features=self.describe(sample))

    def analysis_of(self, described: Sample, seed: int) -> Analysis:
        """Group a described sample as the program does."""
        return analyse(described.features, replace(self.settings, seed=seed), SilentReporter())


def whole_picture(sample: Sample) -> Features:
    """Describe each image as a whole, as the program does by default."""
    return sample.features


PICTURE = Way(whole_picture)
WAYS: Mapping[str, Way] = {"picture": PICTURE}


def read_sample(source: LabelledFolder, count: int, options: FeatureOptions, reporter: Reporter) -> Sample:
    """Extract the features of at most `count` images of a set; the store keeps them for the next run.

    Raises
    ------
    InputError
        If none of the images can be used.
    """
    listing = scan_labels(Path(source.folder).resolve(), reporter)
    chosen = set(chosen_paths([file.path for file in listing.files], count))
    listing = replace(listing, files=tuple(file for file in listing.files if file.path in chosen))
    extraction = extract_listing(listing, options, reporter)
    return Sample(extraction.images, extraction.features, source, options)
