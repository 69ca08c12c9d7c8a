"""The ways of describing images that are compared. An entry of `WAYS` becomes a column of the table."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from defect_workbench.core.arrays import Integers, Vectors
from defect_workbench.core.clustering.clustering_result import Analysis, Settings
from defect_workbench.core.clustering.feature_blocks import Features
from defect_workbench.core.clustering.group_by import GroupBy
from defect_workbench.core.images.defect_maps import MapSource
from defect_workbench.core.images.image_records import ImageSet
from defect_workbench.core.progress import Reporter, SilentReporter
from defect_workbench.engine.classifier.data.dataset import LabelledSet, labelled_set, scan_labels
from defect_workbench.engine.clustering.group import analyse
from defect_workbench.workflows.extract import FeatureOptions, extract_listing
from defect_workbench.workflows.map_defects import with_defect_features
from tests.quality.labelled import LabelledFolder, chosen_paths

COMPARED = (MapSource.REFERENCE, MapSource.CLEAN, MapSource.OTHERS)


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
    strangeness : (n,) float32 or None
        None if there are no defect maps.
    """

    images: ImageSet
    features: Features
    source: LabelledFolder
    options: FeatureOptions
    strangeness: Vectors | None = None

    def subset(self, rows: Integers) -> Sample:
        """Return some of the images."""
        images = ImageSet(self.images.root, tuple(self.images.images[i] for i in rows.tolist()), ())
        blocks = {name: block[rows] for name, block in self.features.blocks.items()}
        strangeness = None if self.strangeness is None else self.strangeness[rows]
        features = replace(self.features, blocks=blocks)
        return replace(self, images=images, features=features, strangeness=strangeness)

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
    group_by : GroupBy
    compared_with : MapSource or None
        What defect maps compare images with; None for the whole picture.
    """

    group_by: GroupBy
    compared_with: MapSource | None = None

    def applies_to(self, source: LabelledFolder) -> bool:
        """Return whether a set has what the images are compared with."""
        needed = {MapSource.REFERENCE: source.references, MapSource.CLEAN: source.clean}
        return self.compared_with not in needed or needed[self.compared_with] is not None

    def described(self, sample: Sample) -> Sample:
        """Return the sample with the features of this way, which may depend on the other images in it."""
        if self.compared_with is None:
            return sample
        source = sample.source
        settings = Settings(group_by=self.group_by)
        if self.compared_with is MapSource.REFERENCE:
            settings = replace(settings, reference=str(source.references))
        if self.compared_with is MapSource.CLEAN:
            settings = replace(settings, clean=str(source.clean))
        options = replace(sample.options, by_rarity=self.compared_with is MapSource.SELF)
        found = with_defect_features(sample.images, sample.features, settings, options, SilentReporter())
        assert found.maps is not None
        return replace(sample, features=found.features, strangeness=found.maps.strangeness)

    def analysis_of(self, described: Sample, seed: int) -> Analysis:
        """Group a described sample as the program does."""
        settings = Settings(group_by=self.group_by, seed=seed)
        return analyse(described.features, settings, SilentReporter())


PICTURE = Way(GroupBy.PICTURE)
# Without help, images are compared with the others, or with themselves if their backgrounds can be modelled.
_NAMES = {MapSource.OTHERS: "unaided", MapSource.SELF: "rarity"}
WAYS: Mapping[str, Way] = {
    "picture": PICTURE,
    **{f"defect, {_NAMES.get(source, source)}": Way(GroupBy.DEFECT, source) for source in COMPARED},
    # If few backgrounds can be modelled, automatic grouping is by both and rarity, with more of the picture.
    **{
        f"both, {_NAMES.get(source, source)}": Way(GroupBy.BOTH, source)
        for source in (*COMPARED, MapSource.SELF)
    },
}


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
