"""Reads the pictures of a folder where features alone do not answer what a stage asks."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np

from defect_workbench.core.arrays import Floats, Integers
from defect_workbench.core.clustering.feature_blocks import Features
from defect_workbench.core.images.image_records import ImageSet
from defect_workbench.core.images.measurements import NANOMETRES, PIXELS
from defect_workbench.core.images.preprocessing_steps import Preprocessing
from defect_workbench.core.progress import Reporter
from defect_workbench.engine.backbone.pretrained import WeightsLibrary
from defect_workbench.engine.classifier.data.augmentation import Augmentation
from defect_workbench.engine.classifier.data.augmented_features import (
    AugmentationSpec,
    AugmentedExtractor,
    read_pixels,
)
from defect_workbench.engine.classifier.data.stage_inputs import Blocks
from defect_workbench.engine.extraction.stored_vectors import VectorStore
from defect_workbench.engine.measurement.defects import find


class FolderSource:
    """Reads the pictures of an image set; what it computes goes into the feature store.

    Parameters
    ----------
    processing : Preprocessing
        How the features were made.
    """

    def __init__(
        self,
        images: ImageSet,
        features: Features,
        processing: Preprocessing,
        store: VectorStore,
        library: WeightsLibrary,
        reporter: Reporter,
    ) -> None:
        self._images, self._features, self.processing = images, features, processing
        self._store, self.library, self._reporter = store, library, reporter
        self._extractor = AugmentedExtractor(store, library, processing, reporter)

    def subset(self, chosen: Integers) -> FolderSource:
        """The same of some of the images."""
        images = ImageSet(self._images.root, tuple(self._images.images[i] for i in chosen.tolist()), ())
        blocks = {name: block[chosen] for name, block in self._features.blocks.items()}
        features = Features(blocks, self._features.backbone)
        return FolderSource(images, features, self.processing, self._store, self.library, self._reporter)

    def features(self, denoise: str, background: str, augmentation: Augmentation, chosen: Integers) -> Blocks:
        """As `Source` says: preprocessed as the whole set is, unless a stage wants it differently."""
        spec = AugmentationSpec(self._with(denoise, background), augmentation)
        found = self._extractor.features(self._images, self._features, spec, chosen)
        return {name: block[chosen] for name, block in found.blocks.items()}

    def prepare(self, augmentations: Sequence[Augmentation]) -> None:
        """Compute several augmentations at once: every file is read once."""
        self._extractor.many(
            self._images, self._features, [AugmentationSpec(self.processing, each) for each in augmentations]
        )

    def _with(self, denoise: str, background: str) -> Preprocessing:
        wanted = self.processing
        if denoise != "none":
            wanted = replace(wanted, denoise=denoise)  # type: ignore[arg-type] # checked by the class
        if background != "none":
            wanted = replace(wanted, background=background)  # type: ignore[arg-type]
        return wanted

    def measures(self, chosen: Integers) -> Floats:
        """As `Source` says; extraction has measured already, unless the images come from elsewhere."""
        with ThreadPoolExecutor(2, thread_name_prefix="decode") as pool:
            return np.stack(list(pool.map(self._measure, chosen.tolist())))

    def _measure(self, index: int) -> Floats:
        self._reporter.check()
        image = self._images.images[index]
        size = image.tool.pixel_size_nm if image.tool is not None else None
        found = image.measured
        if found is None:
            pixels = read_pixels(self._images, index)
            found = find(pixels[: pixels.shape[0] - image.info_bar]).measurements
        if found.unit == NANOMETRES and size:
            found = replace(found, unit=PIXELS).in_units(1 / size)
        return np.array([*found.numbers(), size or 0.0])
