"""All that stages may ask about images: features, features of changed copies, measurements."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from defect_workbench.core.arrays import Floats, Integers
from defect_workbench.core.classifier.taxonomy import Stage, Taxonomy
from defect_workbench.core.clustering.feature_blocks import Features
from defect_workbench.core.errors import InputError, WorkbenchError
from defect_workbench.core.images.image_records import ImageSet
from defect_workbench.core.images.measurements import NANOMETRES, NUMBERS, PIXELS
from defect_workbench.core.images.preprocessing_steps import BACKGROUNDS, DENOISES, Processing
from defect_workbench.core.progress import Reporter
from defect_workbench.engine.backbone.pretrained import WeightsLibrary
from defect_workbench.engine.classifier.data.augmentation import ORIGINAL, View
from defect_workbench.engine.classifier.data.augmented_features import Looks, ViewExtractor, read_pixels
from defect_workbench.engine.extraction.stored_vectors import VectorStore
from defect_workbench.engine.measurement.defects import find

Blocks = Mapping[str, NDArray[np.floating[Any]]]

# As `Measurements` has them, in pixels, and the pixel size in nm, 0 where it is not known.
COLUMNS = (*NUMBERS, "pixel_size_nm")


class Source(Protocol):
    """Where what is not at hand comes from."""

    def changed(self, denoise: str, background: str, view: View, chosen: Integers) -> Blocks:
        """Feature rows of the chosen images, processed and changed so."""

    def measured(self, chosen: Integers) -> Floats:
        """(m, columns) measurements of the chosen images; see `COLUMNS`."""


@dataclass(frozen=True, eq=False)
class Material:
    """What stages may ask about the images of a set.

    Attributes
    ----------
    features : Features
        Of the pictures as they are.
    source : Source or None
        None where the pictures are not at hand; stages that need them then say so.
    """

    features: Features
    source: Source | None = None
    _measures: dict[int, Floats] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.features)

    def blocks(
        self, chosen: Integers, denoise: str = "none", background: str = "none", view: View = ORIGINAL
    ) -> Blocks:
        """Feature rows of some images."""
        if denoise == "none" and background == "none" and view == ORIGINAL:
            return {name: block[chosen] for name, block in self.features.blocks.items()}
        return self._asked().changed(denoise, background, view, chosen)

    def measures(self, chosen: Integers) -> Floats:
        """(m, columns) measurements of some images; see `COLUMNS`."""
        missing = np.array([i for i in chosen.tolist() if i not in self._measures], np.intp)
        if len(missing):
            self._measures.update(zip(missing.tolist(), self._asked().measured(missing), strict=True))
        if not len(chosen):
            return np.empty((0, len(COLUMNS)))
        return np.stack([self._measures[i] for i in chosen.tolist()])

    def _asked(self) -> Source:
        if self.source is None:
            raise WorkbenchError(
                "this classifier also looks at the pictures themselves; they are not at hand"
            )
        return self.source


class FolderSource:
    """Reads the pictures of an image set; what it computes goes into the feature store.

    Parameters
    ----------
    made : Processing
        How the features were made.
    """

    def __init__(
        self,
        images: ImageSet,
        features: Features,
        made: Processing,
        store: VectorStore,
        library: WeightsLibrary,
        reporter: Reporter,
    ) -> None:
        self._images, self._features, self.made = images, features, made
        self._store, self.library, self._reporter = store, library, reporter
        self._views = ViewExtractor(store, library, made, reporter)

    def subset(self, chosen: Integers) -> FolderSource:
        """The same of some of the images."""
        images = ImageSet(self._images.root, tuple(self._images.images[i] for i in chosen.tolist()), ())
        blocks = {name: block[chosen] for name, block in self._features.blocks.items()}
        features = Features(blocks, self._features.backbone)
        return FolderSource(images, features, self.made, self._store, self.library, self._reporter)

    def changed(self, denoise: str, background: str, view: View, chosen: Integers) -> Blocks:
        """As `Source` says; what the whole set was processed with stays unless a stage wants other."""
        found = self._views.features(
            self._images, self._features, Looks(self._processing(denoise, background), view), chosen
        )
        return {name: block[chosen] for name, block in found.blocks.items()}

    def prepare(self, views: Sequence[View]) -> None:
        """Compute several views at once: every file is read once."""
        self._views.many(self._images, self._features, [Looks(self.made, view) for view in views])

    def _processing(self, denoise: str, background: str) -> Processing:
        wanted = self.made
        if denoise != "none":
            wanted = replace(wanted, denoise=denoise)  # type: ignore[arg-type] # checked by the class
        if background != "none":
            wanted = replace(wanted, background=background)  # type: ignore[arg-type]
        return wanted

    def measured(self, chosen: Integers) -> Floats:
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


def check_processing(taxonomy: Taxonomy) -> None:
    """Refuse a taxonomy that asks for processing there is not.

    Raises
    ------
    InputError
    """
    for stage in taxonomy.stages:
        for value, known, word in (
            (stage.denoise, DENOISES, "denoise"),
            (stage.background, BACKGROUNDS, "background"),
        ):
            if value not in known:
                raise InputError(f"stage '{stage.name}': {word} must be one of {', '.join(known)}")


def diameters(stage: Stage, measures: Floats) -> Floats:
    """(n,) equivalent diameter in the stage's unit; NaN where there is no defect or no pixel size."""
    values = measures[:, COLUMNS.index("diameter")]
    there = measures[:, COLUMNS.index("defects")] > 0
    if stage.unit == "nm":
        size = measures[:, COLUMNS.index("pixel_size_nm")]
        there = there & (size > 0)
        values = values * size
    return np.where(there, values, np.nan)
