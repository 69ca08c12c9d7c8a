"""Reads image files for stages that need more than the features of the image set."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np

from defect_workbench.core.arrays import Floats, Integers
from defect_workbench.core.clustering.feature_blocks import (
    WITHOUT_BACKGROUND,
    Features,
    foreground_version_of,
)
from defect_workbench.core.images.image_records import ImageSet
from defect_workbench.core.images.measurements import NANOMETRES, PIXELS
from defect_workbench.core.images.preprocessing_steps import Preprocessing
from defect_workbench.core.progress import Reporter
from defect_workbench.engine.backbone.pretrained import WeightsLibrary
from defect_workbench.engine.classifier.data.augmentation import ORIGINAL, Augmentation
from defect_workbench.engine.classifier.data.augmented_features import (
    AugmentationSpec,
    AugmentedExtractor,
)
from defect_workbench.engine.classifier.data.residual_features import ResidualFeatures
from defect_workbench.engine.classifier.data.stage_inputs import Blocks
from defect_workbench.engine.extraction.reading_again import read_pixels
from defect_workbench.engine.extraction.stored_vectors import VectorStore
from defect_workbench.engine.measurement.defects import find


class FolderSource:
    """Reads the images of a set for stages; computed features are kept in the feature store.

    Parameters
    ----------
    processing : Preprocessing
        The preprocessing of the features.
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
        version = foreground_version_of(features.identity)
        self._residuals = {
            block: ResidualFeatures(block, store, library, features.backbone, reporter, version)
            for block in WITHOUT_BACKGROUND
            if block in features.blocks and features.backbone is not None
        }

    def subset(self, chosen: Integers) -> FolderSource:
        """Return the source for some of the images.

        Parameters
        ----------
        chosen : (m,) intp
            Rows of the image set.
        """
        images = ImageSet(self._images.root, tuple(self._images.images[i] for i in chosen.tolist()), ())
        blocks = {name: block[chosen] for name, block in self._features.blocks.items()}
        features = replace(self._features, blocks=blocks)
        return FolderSource(images, features, self.processing, self._store, self.library, self._reporter)

    def features(self, denoise: str, background: str, augmentation: Augmentation, chosen: Integers) -> Blocks:
        """Return feature blocks of the chosen images, with the given steps of the preprocessing replaced.

        Parameters
        ----------
        denoise, background : str
            Replace the steps of the set's preprocessing; "none" keeps those.
        chosen : (m,) intp

        Returns
        -------
        mapping of str to (m, d) float32

        Raises
        ------
        WorkbenchError
            If an image can no longer be read, or the network's weights are missing.
        Cancelled
            If the user cancelled.
        """
        spec = AugmentationSpec(self._with(denoise, background), augmentation)
        features = self._extractor.features(self._images, self._features, spec, chosen)
        blocks = {name: block[chosen] for name, block in features.blocks.items()}
        # Heads learn these blocks from unchanged images only.
        if augmentation == ORIGINAL:
            for block, residuals in self._residuals.items():
                blocks[block] = residuals.vectors(self._images, spec.processing, chosen)
        return blocks

    def prepare(self, augmentations: Sequence[Augmentation]) -> None:
        """Compute and store the features of several augmentations; every file is read at most once.

        Raises
        ------
        WorkbenchError
            If an image can no longer be read, or the network's weights are missing.
        Cancelled
            If the user cancelled.
        """
        self._extractor.features_for_each(
            self._images, self._features, [AugmentationSpec(self.processing, each) for each in augmentations]
        )

    def _with(self, denoise: str, background: str) -> Preprocessing:
        processing = self.processing
        if denoise != "none":
            processing = replace(processing, denoise=denoise)  # type: ignore[arg-type] # checked by the class
        if background != "none":
            processing = replace(processing, background=background)  # type: ignore[arg-type]
        return processing

    def measures(self, chosen: Integers) -> Floats:
        """Return the measurements of the chosen images; images without stored measurements are measured.

        Parameters
        ----------
        chosen : (m,) intp

        Returns
        -------
        (m, measures) float64
            Columns as in `MEASURES`; lengths in pixels.

        Raises
        ------
        WorkbenchError
            If an image can no longer be read.
        Cancelled
            If the user cancelled.
        """
        with ThreadPoolExecutor(2, thread_name_prefix="decode") as pool:
            return np.stack(list(pool.map(self._measure, chosen.tolist())))

    def _measure(self, index: int) -> Floats:
        self._reporter.check()
        image = self._images.images[index]
        size = image.tool.pixel_size_nm if image.tool is not None else None
        measured = image.measured
        if measured is None:
            pixels = read_pixels(self._images, index)
            measured = find(pixels[: pixels.shape[0] - image.info_bar]).measurements
        if measured.unit == NANOMETRES and size:
            measured = replace(measured, unit=PIXELS).in_units(1 / size)
        return np.array([*measured.numbers(), size or 0.0])
