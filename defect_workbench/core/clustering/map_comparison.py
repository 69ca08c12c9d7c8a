"""What defect maps compare images with: the settings for each choice, and its words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from defect_workbench.core.clustering.clustering_result import Settings
from defect_workbench.core.clustering.feature_blocks import DEFECT
from defect_workbench.core.clustering.group_by import GroupBy
from defect_workbench.core.images.defect_items import Items
from defect_workbench.core.images.defect_maps import SOURCE_LABELS, DefectMaps, MapSource
from defect_workbench.core.images.image_records import ImageSet
from defect_workbench.core.text import counted

# With fewer images, "the others" are too few to tell what is usual.
FEWEST_OTHERS = 20
# Further clean images would take a pass through the network each and hardly change the bank.
MOST_CLEAN = 300


def map_source(settings: Settings, count: int) -> MapSource:
    """Return the best source of maps that there is for a number of images."""
    if settings.reference:
        return MapSource.REFERENCE
    if settings.items is Items.DEFECTS:
        return MapSource.SELF
    if settings.clean or settings.clean_images:
        return MapSource.CLEAN
    return MapSource.OTHERS if count >= FEWEST_OTHERS else MapSource.SELF


def are_compared_by_rarity(identity: Mapping[str, Any]) -> bool | None:
    """Return whether places were compared with those of the same image; None if nothing was mapped.

    Parameters
    ----------
    identity : mapping of str to Any
        Of the features, as sessions store it.
    """
    maps = identity.get(DEFECT)
    return None if maps is None else maps.get("source") == MapSource.SELF and not maps.get("residual")


def are_mapped_denoised(identity: Mapping[str, Any]) -> bool | None:
    """Return whether the images that were mapped had been denoised; None if nothing was mapped.

    Parameters
    ----------
    identity : mapping of str to Any
        As for `are_compared_by_rarity`.
    """
    maps = identity.get(DEFECT)
    if maps is None:
        return None
    processing = maps.get("processing", {})
    return isinstance(processing, Mapping) and processing.get("denoise") != "none"


def with_references(settings: Settings, folder: Path) -> Settings:
    """Return settings that compare each image with its golden reference in a folder."""
    return _by_defect(replace(_with_others(settings), reference=str(folder)))


def with_clean_folder(settings: Settings, folder: Path) -> Settings:
    """Return settings that compare images with the clean images in a folder."""
    return _by_defect(replace(_with_others(settings), clean=str(folder)))


def with_clean_images(settings: Settings, images: ImageSet, clean: Sequence[int]) -> Settings:
    """Return settings that compare images with clean ones of the same set.

    Parameters
    ----------
    clean : sequence of int
        Their indices, at least one; `MOST_CLEAN` of them, spread evenly, are used.
    """
    step = -(-len(clean) // MOST_CLEAN)
    named = tuple(sorted({images.images[i].sha256 for i in sorted(clean)[::step]}))
    return _by_defect(replace(_with_others(settings), clean_images=named))


def with_other_images(settings: Settings) -> Settings:
    """Return settings that compare images with each other."""
    return replace(_with_others(settings), weights=None)


def with_other_items(settings: Settings) -> Settings:
    """Return settings that group single defects instead of whole images, or the reverse.

    Block weights, and clean images, are of no use for the others, and single defects keep background and
    scale.
    """
    if settings.items is Items.DEFECTS:
        return replace(settings, items=Items.PICTURES, weights=None, group_by=GroupBy.AUTO)
    processing = replace(settings.processing, background="none", rescale_nm=None)
    kept = replace(_with_others(settings), reference=settings.reference, processing=processing)
    return replace(kept, items=Items.DEFECTS, weights=None, group_by=GroupBy.AUTO)


def source_of(settings: Settings) -> tuple[str | tuple[str, ...], ...]:
    """Return what the user gave to compare images with: references, clean folder, clean images."""
    return settings.reference, settings.clean, settings.clean_images


def source_words(settings: Settings, count: int, maps: DefectMaps | None = None) -> str:
    """Return what a number of images are compared with, in words; `maps` are those that were made."""
    if settings.clean_images:
        return counted(len(settings.clean_images), "clean image")
    if maps is not None and not any(source_of(settings)):
        return SOURCE_LABELS[maps.source]
    return SOURCE_LABELS[map_source(settings, count)]


def _with_others(settings: Settings) -> Settings:
    return replace(settings, reference="", clean="", clean_images=())


def _by_defect(settings: Settings) -> Settings:
    """Return settings in which a source of maps has an effect.

    Weights that were set by hand would decide instead of it, and whole images are grouped without maps.
    """
    group_by = GroupBy.AUTO if settings.group_by is GroupBy.PICTURE else settings.group_by
    return replace(settings, weights=None, group_by=group_by)
