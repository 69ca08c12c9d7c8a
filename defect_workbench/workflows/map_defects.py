"""Map the defects of an image set, and decide whether images are grouped by them."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from defect_workbench.core.clustering.clustering_result import Settings
from defect_workbench.core.clustering.feature_blocks import (
    DEFECT,
    FOREGROUND,
    RESIDUAL,
    BackboneInfo,
    Features,
)
from defect_workbench.core.clustering.group_by import GroupBy, GroupByChoice, described_by
from defect_workbench.core.clustering.map_comparison import FEWEST_OTHERS, MOST_CLEAN, map_source
from defect_workbench.core.errors import InputError, Remedy, WorkbenchError
from defect_workbench.core.images.defect_maps import SOURCE_LABELS, DefectMaps, MapSource
from defect_workbench.core.images.image_records import ImageSet, Rejection
from defect_workbench.core.images.preprocessing_steps import Preprocessing
from defect_workbench.core.progress import Reporter
from defect_workbench.core.text import counted
from defect_workbench.core.wafer.picture_choice import reference_words
from defect_workbench.engine.input.scan import Listing, scan
from defect_workbench.workflows.extract import FeatureOptions
from defect_workbench.workflows.klarf.image_listing import list_references

if TYPE_CHECKING:
    from defect_workbench.engine.defect_map.set_maps import BankPlan, SetMaps
    from defect_workbench.engine.defect_map.subjects import ReferenceFile
    from defect_workbench.engine.extraction.network_vectors import NetworkVectors

# From this share of images on whose background can be modelled, a set is one of defects on such backgrounds:
# 0 to .12 for steel, SEM and board images, .50 for the sample, .56 to 1 for generated wafers.
ENOUGH_MODELLED = 0.4
_JUDGED_ALIKE = ", and the strangeness of all images is what stands out from each image itself"


@dataclass(frozen=True, eq=False)
class DefectFeatures:
    """The features of a set after the second step.

    Attributes
    ----------
    features : Features
        With the block `defect` if maps were made.
    choice : GroupByChoice
    maps : DefectMaps or None
        None if images are grouped by the whole picture.
    seconds : float
        Duration of the step.
    """

    features: Features
    choice: GroupByChoice
    maps: DefectMaps | None = None
    seconds: float = 0.0


def with_defect_features(
    images: ImageSet, features: Features, settings: Settings, options: FeatureOptions, reporter: Reporter
) -> DefectFeatures:
    """Decide what a set is grouped by, and add the description of the defects if it is needed.

    Parameters
    ----------
    settings : Settings
        With `GroupBy.AUTO`, images are grouped by the defect if there are golden references or clean images,
        which tell it from the background, or if many backgrounds can be modelled; and else by both, with
        maps of how rare each place is in its image. Block weights that the user set decide instead.

    Raises
    ------
    InputError
        If a folder of references or clean images cannot be used.
    WorkbenchError
        If defects cannot be mapped although the settings require it, or an image can no longer be read.
    """
    started = time.perf_counter()
    settings = replace(settings, processing=mapped_processing(settings.processing, options))
    wanted = settings.group_by
    if settings.weights is not None:
        wanted = described_by(settings.weights)
    if wanted is GroupBy.PICTURE:
        return DefectFeatures(features, GroupByChoice(GroupBy.PICTURE, "set by the user"))
    source = map_source(settings, len(images))
    if wanted is GroupBy.AUTO and source is MapSource.SELF:
        why = f"fewer than {FEWEST_OTHERS} images are too few to distinguish defects from backgrounds"
        return DefectFeatures(features, GroupByChoice(GroupBy.PICTURE, why))
    obstacle = _obstacle(images, features, options)
    if obstacle is not None and wanted is GroupBy.AUTO:
        return DefectFeatures(features, GroupByChoice(GroupBy.PICTURE, str(obstacle)))
    if obstacle is not None:
        raise obstacle
    assert features.backbone is not None
    from defect_workbench.engine.defect_map.set_maps import modelled_share

    modelled = modelled_share(images, settings.processing, options.open_store(), reporter)
    choice = GroupByChoice(wanted, "set by the user")
    if wanted is GroupBy.AUTO:
        choice = _chosen(source, modelled, options.textures_by)
        if choice.chosen is GroupBy.PICTURE:
            return DefectFeatures(features, choice, seconds=time.perf_counter() - started)
    beside = _beside(source, modelled, options)
    by_rarity = options.by_rarity if options.by_rarity is not None else wanted is GroupBy.AUTO
    if source is MapSource.OTHERS and (beside == FOREGROUND or (beside is None and by_rarity)):
        # Defects stand out from a background that can be modelled more clearly than from other images; and
        # comparing with other images takes four times as long, so it is done if the user asks for it.
        source = MapSource.SELF
    maker = _maker(images, features.backbone, source, settings, options, beside, reporter)
    maker.make(reporter)
    blocks = {**features.blocks, **maker.blocks()}
    identity = {**features.identity, DEFECT: maker.identity}
    described = replace(features, blocks=blocks, identity=identity)
    return DefectFeatures(described, choice, maker.maps(), time.perf_counter() - started)


def mapped_processing(processing: Preprocessing, options: FeatureOptions) -> Preprocessing:
    """Return how images are preprocessed whose defects are mapped: never denoised, but in earlier versions.

    Maps leave out noise by themselves, and denoising first takes small defects away (docs/adr/0049).
    """
    return processing if options.maps_denoised else replace(processing, denoise="none")


def backgrounds_are_modelled(
    images: ImageSet, processing: Preprocessing, options: FeatureOptions, reporter: Reporter
) -> bool:
    """Return whether enough images have a background that can be modelled, so that defects stand out from it.

    Raises
    ------
    WorkbenchError
        If an image can no longer be read, or the store cannot be written.
    """
    from defect_workbench.engine.defect_map.set_maps import modelled_share

    return modelled_share(images, processing, options.open_store(), reporter) >= ENOUGH_MODELLED


def _chosen(source: MapSource, modelled: float, textures_by: GroupBy) -> GroupByChoice:
    """Return what images are grouped by, from the share of their backgrounds that can be modelled."""
    if source in (MapSource.REFERENCE, MapSource.CLEAN):
        return GroupByChoice(GroupBy.DEFECT, f"{SOURCE_LABELS[source]} distinguish defects from backgrounds")
    share = f"{modelled:.0%} of the images have a plain or periodic background"
    if modelled >= ENOUGH_MODELLED:
        return GroupByChoice(GroupBy.DEFECT, f"{share}, from which defects stand out")
    # A smaller share would read as 0%.
    few = f"only {share}" if modelled >= 0.005 else "hardly any image has a plain or periodic background"
    if textures_by is GroupBy.PICTURE:
        return GroupByChoice(GroupBy.PICTURE, f"{few}; the others may be textures")
    return GroupByChoice(textures_by, f"{few}; in the others, a defect may be small or fill the image")


def _beside(source: MapSource, modelled: float, options: FeatureOptions) -> str | None:
    """Return the block about images without their backgrounds; see `Comparison`."""
    if modelled >= ENOUGH_MODELLED and options.with_foreground:
        return FOREGROUND
    known = source in (MapSource.REFERENCE, MapSource.SELF)
    return RESIDUAL if known or modelled >= ENOUGH_MODELLED else None


def _obstacle(images: ImageSet, features: Features, options: FeatureOptions) -> WorkbenchError | None:
    """Return why defects cannot be mapped; None if they can."""
    backbone = features.backbone
    if backbone is None:
        return WorkbenchError(
            "mapping defects needs network weights, and there are none", Remedy.FETCH_WEIGHTS
        )
    info = options.library.info()
    if info is None or info.sha256 != backbone.sha256:
        return WorkbenchError(
            "mapping defects needs the network weights that the features were computed with",
            Remedy.MATCHING_WEIGHTS,
        )
    if not images.root.is_dir():
        return WorkbenchError(
            f"mapping defects needs the images, and {images.root} does not exist", Remedy.FIND_IMAGES
        )
    return None


def _maker(
    images: ImageSet,
    backbone: BackboneInfo,
    source: MapSource,
    settings: Settings,
    options: FeatureOptions,
    beside: str | None,
    reporter: Reporter,
) -> SetMaps:
    """Return the maps of a set, compared with a source."""
    from defect_workbench.engine.defect_map.set_maps import SetMaps, bank_of_set

    network, processing = _network(backbone, options), settings.processing
    made = partial(
        SetMaps,
        images,
        processing,
        network,
        backbone,
        options.open_store(),
        foreground_version=options.foreground_version,
    )
    if source is MapSource.REFERENCE:
        root, references = _references(images, settings.reference, beside, reporter)
        return made(source, beside, reference_root=root, references=references)
    if source is MapSource.CLEAN and settings.clean_images:
        bank = _own_clean_bank(images, settings, network)
        return made(source, beside, bank)
    if source is MapSource.CLEAN:
        bank = _clean_bank(Path(settings.clean), settings, network, reporter)
        return made(source, beside, bank)
    if source is MapSource.OTHERS:
        return made(source, beside, bank_of_set(images, network, processing))
    return made(source, beside)


def _network(backbone: BackboneInfo, options: FeatureOptions) -> NetworkVectors:
    from defect_workbench.engine.backbone.registry import find_description
    from defect_workbench.engine.extraction.network_vectors import NetworkVectors

    first = find_description(backbone.name, None).name
    return NetworkVectors(None, options.library, backbone.precision, backbone.device, first)


def _listed(folder: Path, what: str, reporter: Reporter) -> Listing:
    listing = scan(Path(os.path.abspath(folder)), reporter)
    if not listing.files:
        raise InputError(f"{folder} contains no images, and should contain {what}")
    return listing


def _references(
    images: ImageSet, reference: str, beside: str | None, reporter: Reporter
) -> tuple[Path, Mapping[int, ReferenceFile]]:
    from defect_workbench.engine.defect_map.references import References
    from defect_workbench.engine.defect_map.subjects import find_references

    listing = list_references(reference, reporter)
    assert listing is not None
    reporter.stage("Searching for golden references", None)
    usable, rejected = find_references(images, References(listing), listing)
    _warn_about(rejected, "golden reference", reporter)
    if not usable:
        raise InputError(
            f"{reference_words(reference)} has no golden reference for any image: references need the same "
            "relative path or the same file name as their image, and the same size"
        )
    without = len(images) - len(usable)
    if without:
        reporter.warn(
            f"{counted(without, 'image')} of {len(images):,} have no golden reference; their defects are "
            "searched without one" + _JUDGED_ALIKE * (beside == FOREGROUND)
        )
    return listing.root, usable


def _clean_bank(folder: Path, settings: Settings, network: NetworkVectors, reporter: Reporter) -> BankPlan:
    from defect_workbench.engine.defect_map.set_maps import bank_of_clean
    from defect_workbench.engine.defect_map.subjects import read_clean

    listing = _listed(folder, "images without defects", reporter)
    # Spread over the folder, as files next to each other often show the same place.
    step = max(1, -(-len(listing.files) // MOST_CLEAN))
    read = list(read_clean(listing.root, listing.files[::step], settings.processing))
    rejected = [item for item in read if isinstance(item, Rejection)]
    _warn_about([*listing.rejected, *rejected], "clean image", reporter)
    usable = [item for item in read if not isinstance(item, Rejection)]
    if not usable:
        raise InputError(f"no image in {folder} can be used as a clean image")
    return bank_of_clean(usable, network)


def _own_clean_bank(images: ImageSet, settings: Settings, network: NetworkVectors) -> BankPlan:
    from defect_workbench.engine.defect_map.set_maps import bank_of_own_clean

    named = set(settings.clean_images)
    clean = [i for i, image in enumerate(images.images) if image.sha256 in named]
    if not clean:
        raise InputError("none of the images that were named as clean is in this set", Remedy.FIND_IMAGES)
    return bank_of_own_clean(images, clean, network, settings.processing)


def _warn_about(rejected: list[Rejection], what: str, reporter: Reporter) -> None:
    if rejected:
        reporter.warn(
            f"{counted(len(rejected), what)} cannot be used; first: {rejected[0].path}: {rejected[0].reason}"
        )
