"""Extract the features of a folder of images, the first step of most jobs."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from defect_workbench.core.clustering.feature_blocks import (
    FOREGROUND,
    NEWEST_FOREGROUND,
    RESIDUAL,
    foreground_version_of,
)
from defect_workbench.core.clustering.group_by import GroupBy
from defect_workbench.core.clustering.map_comparison import (
    FEWEST_OTHERS,
    are_compared_by_rarity,
    are_mapped_denoised,
)
from defect_workbench.core.errors import InputError, WorkbenchError
from defect_workbench.core.images.instrument import scales
from defect_workbench.core.images.measurements import measure_version_of
from defect_workbench.core.images.preprocessing_steps import DEFAULT, Preprocessing
from defect_workbench.core.progress import Reporter
from defect_workbench.core.text import counted
from defect_workbench.engine.backbone.network import Precision
from defect_workbench.engine.backbone.pretrained import WeightsLibrary
from defect_workbench.engine.input.scan import Listing
from defect_workbench.engine.preprocessing.resize import SIZE
from defect_workbench.user_dirs import UserDirs
from defect_workbench.workflows.klarf.image_listing import ImageSource, ListedImages, list_images
from defect_workbench.workflows.weights import carried_weights

if TYPE_CHECKING:
    from defect_workbench.core.clustering.clustering_result import Analysis
    from defect_workbench.core.clustering.feature_blocks import Features
    from defect_workbench.engine.extraction.extractor import Extraction
    from defect_workbench.storage.vectors.feature_store import FeatureStore

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class FeatureOptions:
    """How features are computed, and where they are stored.

    Attributes
    ----------
    store, weights : Path
        Folders of the feature store and of the cached network weights.
    carried : Path or None
        Folder of the network weights to use if none are cached; by default those of a packaged program.
    offline : bool
        Do not download network weights.
    precision : str or None
        Precision of the network; None for the fastest that the device supports natively.
    description : str or None
        Name of the network's description that the deep block holds; None for the network's first.
    with_foreground : bool
        Whether defects on backgrounds that can be modelled are described by the block `foreground`; projects
        of earlier versions have the block `residual` instead.
    foreground_version : str
        How that block is computed, one of `FOREGROUND_VERSIONS`.
    textures_by : GroupBy
        What images are grouped by if that is left open and few backgrounds can be modelled; in projects of
        earlier versions, it was the whole picture.
    by_rarity : bool or None
        Whether places are compared with those of the same image where its background is unknown and there
        are neither references nor clean images; None for yes if what to group by is left open.
    maps_denoised : bool
        Whether the defects of denoised images are mapped in these, as in projects of earlier versions.
    measure_version : str or None
        How defects are measured, one of `defects.VERSIONS`; None for how the store measured most of the
        images, or the newest.
    on_extracted : callable or None
        Called with the features and the preprocessing after extraction, before the job continues.
    """

    store: Path
    weights: Path
    offline: bool = False
    precision: str | None = None
    processing: Preprocessing = DEFAULT
    on_extracted: Callable[[Extraction, Preprocessing], None] | None = None
    description: str | None = None
    with_foreground: bool = True
    foreground_version: str = NEWEST_FOREGROUND
    textures_by: GroupBy = GroupBy.BOTH
    by_rarity: bool | None = None
    maps_denoised: bool = False
    measure_version: str | None = None
    carried: Path | None = field(default_factory=carried_weights)

    @staticmethod
    def at(places: UserDirs, *, offline: bool = False, processing: Preprocessing = DEFAULT) -> FeatureOptions:
        """Return options with the default feature store and weights of the user."""
        return FeatureOptions(places.store, places.weights, offline, processing=processing)

    @property
    def library(self) -> WeightsLibrary:
        """The library of network weights."""
        return WeightsLibrary(self.weights, self.carried)

    def open_store(self) -> FeatureStore:
        """Open the feature store.

        Raises
        ------
        WorkbenchError
            If the folder is not a feature store, or cannot be used.
        """
        from defect_workbench.storage.vectors.feature_store import FeatureStore

        return FeatureStore(self.store)

    def as_described_by(self, earlier: Analysis | Features) -> FeatureOptions:
        """Return the same options with description, measuring and foreground of earlier features.

        So no two versions are ever mixed. If those are without a network, any description will do.
        """
        options = replace(
            self,
            measure_version=measure_version_of(earlier.identity),
            foreground_version=foreground_version_of(earlier.identity),
        )
        if earlier.backbone is None:
            return options
        return replace(options, description=earlier.backbone.description)

    def as_described_in(self, analysis: Analysis) -> FeatureOptions:
        """Return the same options with the descriptions of a project, so that two are never mixed."""
        blocks = analysis.blocks
        options = replace(
            self,
            with_foreground=FOREGROUND in blocks or RESIDUAL not in blocks,
            textures_by=GroupBy.PICTURE if _left_to_the_picture(analysis) else self.textures_by,
            by_rarity=are_compared_by_rarity(analysis.identity),
            maps_denoised=_maps_denoised(analysis),
        )
        return options.as_described_by(analysis)

    def with_store(self, store: Path) -> FeatureOptions:
        """Return the same options with another feature store."""
        return replace(self, store=store)

    def with_scale_warning(self, remedy: str, reporter: Reporter) -> FeatureOptions:
        """Return the options with a warning about images of different scales, given once they are extracted.

        Parameters
        ----------
        remedy : str
            What brings all images to one scale, as the user writes it; `{}` stands for the nm per pixel.
        """

        def warn(extraction: Extraction, processing: Preprocessing) -> None:
            words = _scale_words(extraction, processing, remedy)
            if words:
                reporter.warn(words)

        return replace(self, on_extracted=warn)


def _left_to_the_picture(analysis: Analysis) -> bool:
    """Whether an earlier version chose the whole picture, and not for want of images or weights."""
    left_open = analysis.settings.group_by is GroupBy.AUTO and analysis.group_by.chosen is GroupBy.PICTURE
    return left_open and analysis.backbone is not None and len(analysis) >= FEWEST_OTHERS


def _maps_denoised(analysis: Analysis) -> bool:
    """Whether an earlier version used denoised images for its maps, or to find that none are needed."""
    if analysis.settings.processing.denoise == "none":
        return False
    denoised = are_mapped_denoised(analysis.identity)
    return _left_to_the_picture(analysis) if denoised is None else denoised


def _scale_words(extraction: Extraction, processing: Preprocessing, remedy: str) -> str:
    """Return what there is to say about the scales of images; empty if they agree."""
    images = extraction.images.images
    image_scales = scales(image.tool for image in images)
    if processing.rescale_nm is not None:
        unknown = sum(1 for image in images if image.tool is None or image.tool.pixel_size_nm is None)
        if not unknown:
            return ""
        return (
            f"{unknown:,} of {counted(len(images), 'image')} were not rescaled: their pixel size is unknown"
        )
    if not image_scales.mixed:
        return ""
    advice = ""
    if image_scales.kind == "pixel size":
        widest = max(i.width * i.tool.pixel_size_nm for i in images if i.tool and i.tool.pixel_size_nm)
        option = remedy.format(widest / SIZE)
        advice = f"; {option} brings all of them to one scale without cropping any"
    first = f"the images have different scales ({image_scales.kind}){advice}:"
    return "\n  ".join([first, *image_scales.lines()])


@dataclass(frozen=True, eq=False)
class ExtractedFolder:
    """The features of the images of a folder, and the duration of the scan."""

    extraction: Extraction
    scan_seconds: float


def extract_folder(source: ImageSource, options: FeatureOptions, reporter: Reporter) -> ExtractedFolder:
    """List the images of a folder or of inspection files and extract their features.

    Raises
    ------
    InputError
        If the source does not exist, or none of its images can be used.
    WorkbenchError
        If the feature store cannot be used.
    """
    started = time.perf_counter()
    listed = list_images(source, reporter)
    scanned = time.perf_counter() - started
    extraction = extract_listing(listed.listing, options, reporter)
    remember_listed(options.open_store(), source, listed)
    return ExtractedFolder(extraction, scanned)


def remember_listed(store: FeatureStore, source: ImageSource, listed: ListedImages) -> None:
    """Note in a store that its images are those of inspection files, so that it opens with their records.

    A store that cannot be written to stays as it is: it may hold all features nevertheless.
    """
    from defect_workbench.storage.vectors.store_sources import remember_source, source_of_root

    root = listed.listing.root
    if listed.klarf is not None or source_of_root(store, root) is not None:
        try:
            remember_source(store, root, source.as_json())
        except WorkbenchError as error:
            log.warning("the source of the images was not noted: %s", error)


def extract_listing(listing: Listing, options: FeatureOptions, reporter: Reporter) -> Extraction:
    """Extract the features of the files that a scan listed.

    Raises
    ------
    InputError
        If there is no usable image.
    WorkbenchError
        If the feature store cannot be used.
    """
    from defect_workbench.engine.extraction.extractor import extract

    store = options.open_store()
    check_listing(listing)
    extraction = extract(
        listing,
        store,
        options.library,
        reporter,
        offline=options.offline,
        precision=None if options.precision is None else Precision(options.precision),
        processing=options.processing,
        description=options.description,
        measure_version=options.measure_version,
    )
    return checked(extraction, options)


def check_listing(listing: Listing) -> None:
    """Check that a listing has files.

    Raises
    ------
    InputError
        If it has none.
    """
    if not listing.files and not listing.rejected:
        raise InputError(f"{listing.root} contains no images")


def checked(extraction: Extraction, options: FeatureOptions) -> Extraction:
    """Return an extraction, after a call of `on_extracted`.

    Raises
    ------
    InputError
        If no image can be used.
    """
    rejected = extraction.images.rejected
    if not len(extraction.images):
        raise InputError(
            f"no image in {extraction.images.root} can be used ({counted(len(rejected), 'file')} rejected; "
            f"first: {rejected[0].path}: {rejected[0].reason})"
        )
    if options.on_extracted is not None:
        options.on_extracted(extraction, options.processing)
    return extraction
