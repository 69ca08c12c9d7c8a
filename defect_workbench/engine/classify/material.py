"""All that stages may ask about images: features, features of changed copies, measurements."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from defect_workbench.core.errors import WorkbenchError
from defect_workbench.core.features import Features
from defect_workbench.core.measurements import NUMBERS
from defect_workbench.core.processing import BACKGROUNDS, DENOISES, Processing
from defect_workbench.core.progress import Reporter
from defect_workbench.core.records import ImageSet
from defect_workbench.core.taxonomy import Kind, Stage, Taxonomy
from defect_workbench.engine.classify.augment import ORIGINAL, View
from defect_workbench.engine.classify.views import Looks, ViewExtractor
from defect_workbench.engine.decode import Undecodable, decode
from defect_workbench.engine.extract import VectorStore
from defect_workbench.engine.info_bar import rows_to_leave_out
from defect_workbench.engine.measure import IDENTITY as MEASURE_IDENTITY
from defect_workbench.engine.measure import find
from defect_workbench.engine.processing import IDENTITY as PROCESSING_IDENTITY
from defect_workbench.engine.processing import process
from defect_workbench.engine.weights import WeightsLibrary

Labels = NDArray[np.intp]
Floats = NDArray[np.float64]
Blocks = Mapping[str, NDArray[np.floating[Any]]]

COLUMNS = (*NUMBERS, "pixel_size_nm")
MEASURES = "classify-measures"


class Source(Protocol):
    """Where what is not at hand comes from."""

    def changed(self, denoise: str, background: str, view: View, chosen: Labels) -> Blocks:
        """Feature rows of the chosen images, processed and changed so."""

    def measured(self, chosen: Labels) -> Floats:
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
    _measures: dict[int, NDArray[np.float64]] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.features)

    def blocks(
        self, chosen: Labels, denoise: str = "none", background: str = "none", view: View = ORIGINAL
    ) -> Blocks:
        """Feature rows of some images."""
        if denoise == "none" and background == "none" and view == ORIGINAL:
            return {name: block[chosen] for name, block in self.features.blocks.items()}
        return self._asked().changed(denoise, background, view, chosen)

    def measures(self, chosen: Labels) -> Floats:
        """(m, columns) measurements of some images; see `COLUMNS`."""
        missing = np.array([i for i in chosen.tolist() if i not in self._measures], np.intp)
        if len(missing):
            self._measures.update(zip(missing.tolist(), self._asked().measured(missing), strict=True))
        if not len(chosen):
            return np.empty((0, len(COLUMNS)))
        return np.stack([self._measures[i] for i in chosen.tolist()])

    def _asked(self) -> Source:
        if self.source is None:
            raise WorkbenchError("this classifier also looks at the pictures themselves; they are not at hand")
        return self.source


class FolderSource:
    """Reads the pictures of an image set; what it computes goes into the feature store."""

    def __init__(
        self,
        images: ImageSet,
        features: Features,
        store: VectorStore,
        library: WeightsLibrary,
        reporter: Reporter,
    ) -> None:
        self._images, self._features = images, features
        self._store, self._reporter = store, reporter
        self._views = ViewExtractor(store, library, reporter)

    def changed(self, denoise: str, background: str, view: View, chosen: Labels) -> Blocks:
        """As `Source` says."""
        looks = processed_looks(denoise, background, view)
        found = self._views.features(self._images, self._features, looks, chosen)
        return {name: block[chosen] for name, block in found.blocks.items()}

    def prepare(self, views: Sequence[View]) -> None:
        """Compute several views at once: every file is read once."""
        self._views.many(self._images, self._features, [Looks(view=view) for view in views])

    def measured(self, chosen: Labels) -> Floats:
        """As `Source` says."""
        identity = {"measure": MEASURE_IDENTITY, "columns": list(COLUMNS), "decoder": "v1"}
        block = self._store.block(MEASURES, identity)
        images = [self._images.images[i] for i in chosen.tolist()]
        todo = {image.sha256: i for i, image in zip(chosen.tolist(), images, strict=True) if image.sha256 not in block}
        if todo:
            self._reporter.stage("Measuring defects", len(todo))
            indices = list(todo.values())
            with ThreadPoolExecutor(2, thread_name_prefix="decode") as pool:
                for start in range(0, len(indices), 64):
                    self._reporter.check()
                    part = indices[start : start + 64]
                    rows = np.stack(list(pool.map(self._measure, part)))
                    block.append_vectors([self._images.images[i].sha256 for i in part], rows)
                    self._reporter.advance(len(part))
        return block.vectors([image.sha256 for image in images]).astype(np.float64)

    def _measure(self, index: int) -> NDArray[np.float32]:
        image = self._images.images[index]
        try:
            picture = decode(self._images.absolute(index).read_bytes(), image.path)
        except OSError as error:
            raise WorkbenchError(f"{image.path} can no longer be read: {error.strerror}") from error
        except Undecodable as error:
            raise WorkbenchError(f"{image.path} changed after it was read: {error}") from error
        bar = rows_to_leave_out(picture.pixels, picture.tool, Processing())
        pixels = picture.pixels[: picture.height - bar]
        found = find(pixels).measurements
        return np.array([*found.numbers(), picture.tool.pixel_size_nm or 0.0], np.float32)


def processed_looks(denoise: str, background: str, view: View) -> Looks:
    """How a stage wants its pictures, as the view extractor takes it."""
    if denoise == "none" and background == "none":
        return Looks(view=view)
    wanted = Processing(info_bar="off", denoise=denoise, background=background)  # type: ignore[arg-type]
    return Looks(
        f"{PROCESSING_IDENTITY}-{denoise}-{background}", lambda pixels: process(pixels, wanted), view
    )


def check_processing(taxonomy: Taxonomy) -> None:
    """Refuse a taxonomy that asks for processing there is not.

    Raises
    ------
    InputError
    """
    from defect_workbench.core.errors import InputError

    for stage in taxonomy.stages:
        for value, known, word in (
            (stage.denoise, DENOISES, "denoise"),
            (stage.background, BACKGROUNDS, "background"),
        ):
            if value not in known:
                raise InputError(f"stage '{stage.name}': {word} must be one of {', '.join(known)}")


def needs_measures(taxonomy: Taxonomy) -> bool:
    """Whether a stage decides by measurement."""
    return any(stage.kind is not Kind.CLASSES for stage in taxonomy.stages)


def diameters(stage: Stage, measures: Floats) -> Floats:
    """(n,) equivalent diameter in the stage's unit; NaN where there is no defect or no pixel size."""
    values = measures[:, COLUMNS.index("diameter")]
    there = measures[:, COLUMNS.index("defects")] > 0
    if stage.unit == "nm":
        size = measures[:, COLUMNS.index("pixel_size_nm")]
        there = there & (size > 0)
        values = values * size
    return np.where(there, values, np.nan)
