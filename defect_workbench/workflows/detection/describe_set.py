"""Describe what is grouped: the images of a folder, or the defects in them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from defect_workbench.core.clustering.clustering_result import Analysis, Settings
from defect_workbench.core.clustering.group_by import GroupBy, GroupByChoice, described_by
from defect_workbench.core.errors import InputError
from defect_workbench.core.images.defect_items import Items
from defect_workbench.core.images.image_records import ImageSet
from defect_workbench.core.progress import Reporter
from defect_workbench.core.text import counted
from defect_workbench.core.wafer.picture_choice import reference_words
from defect_workbench.engine.backbone.network import Precision
from defect_workbench.engine.input.scan import Listing
from defect_workbench.workflows.detection.search_folder import (
    ReferenceNotes,
    no_usable_image,
)
from defect_workbench.workflows.extract import FeatureOptions, extract_listing
from defect_workbench.workflows.klarf.image_listing import list_references
from defect_workbench.workflows.map_defects import DefectFeatures, with_defect_features

if TYPE_CHECKING:
    from defect_workbench.engine.extraction.extractor import Extraction
    from defect_workbench.engine.items.item_extraction import ItemExtraction


@dataclass(frozen=True, eq=False)
class DescribedSet:
    """The images or defects of a folder, with all features that they are grouped by."""

    extraction: Extraction
    found: DefectFeatures
    items: ItemExtraction | None = None

    @property
    def images(self) -> ImageSet:
        """The images, or the defects."""
        return self.extraction.images

    def analyse(self, settings: Settings, reporter: Reporter) -> Analysis:
        """Group them; of more defects than the method can cluster, a random part, which the others join.

        Raises
        ------
        InputError, WorkbenchError, Cancelled
            As `engine.clustering.group.analyse`.
        """
        from defect_workbench.engine.clustering.group import analyse, regroup
        from defect_workbench.engine.clustering.large.normalised_parts import normalised_in_parts
        from defect_workbench.engine.clustering.partial_group import clusters_any_number, regroup_part

        features, items = self.found.features, self.items
        if items is None or len(items.part) == len(self.images):
            return analyse(features, settings, reporter, self.found.choice)
        blocks = normalised_in_parts(features, items.part, len(self.images), items.read, reporter)
        backbone, choice = features.backbone, self.found.choice
        if clusters_any_number(settings):
            analysis = regroup(blocks, backbone, settings, reporter, choice)
        else:
            analysis = regroup_part(blocks, items.part, backbone, settings, reporter, choice)
        return replace(analysis, identity=features.identity)


def describe(
    listing: Listing, settings: Settings, options: FeatureOptions, reporter: Reporter
) -> DescribedSet:
    """Extract the features of the images of a listing, or of the defects in them.

    Raises
    ------
    InputError
        If no image can be used, no defect was found, a folder of references or clean images cannot be used,
        or defects cannot be described with these settings.
    WorkbenchError
        If the feature store cannot be used, or defects cannot be mapped.
    """
    if settings.items is Items.DEFECTS:
        items = _extract_items(listing, settings, options, reporter)
        extraction = items.extraction
        choice = choice_for_items(settings, len(extraction.images), reporter)
        return DescribedSet(extraction, DefectFeatures(extraction.features, choice), items)
    return describe_extracted(extract_listing(listing, options, reporter), settings, options, reporter)


def describe_extracted(
    extraction: Extraction, settings: Settings, options: FeatureOptions, reporter: Reporter
) -> DescribedSet:
    """Describe whole images whose features are extracted: by their defects, too, if they are grouped by them.

    Raises
    ------
    InputError, WorkbenchError
        As `describe` does.
    """
    found = with_defect_features(extraction.images, extraction.features, settings, options, reporter)
    return DescribedSet(extraction, found)


def most_items() -> int:
    """Return of how many defects all features are kept in memory, and all pairs can be compared."""
    from defect_workbench.engine.clustering.large.memory_budget import most_rows

    return most_rows()


def choice_for_items(settings: Settings, count: int, reporter: Reporter) -> GroupByChoice:
    """Return what a number of single defects are grouped by, and why; warn if only a part is clustered."""
    from defect_workbench.engine.clustering.partial_group import clusters_any_number

    choice, most = _choice_for_items(settings), most_items()
    if count <= most or clusters_any_number(settings):
        return choice
    words = (
        f"a random part of {most:,} of the {count:,} defects is clustered, as more would need too much "
        "memory; each of the others is added to the defect that it resembles most"
    )
    reporter.warn(words)
    return replace(choice, why=f"{choice.why}; {words}")


def _choice_for_items(settings: Settings) -> GroupByChoice:
    if settings.weights is not None:
        return GroupByChoice(described_by(settings.weights), settings.weights.why)
    if settings.group_by is not GroupBy.AUTO:
        return GroupByChoice(settings.group_by, "set by the user")
    expected = "golden references show" if settings.reference else "the background shows"
    why = f"{expected} what each defect does to its surroundings; its image adds what it looks like"
    return GroupByChoice(GroupBy.BOTH, why)


def check_items(settings: Settings) -> None:
    """Check that defects can be items with these settings.

    Raises
    ------
    InputError
        If they cannot.
    """
    if settings.items is not Items.DEFECTS:
        return
    if settings.clean or settings.clean_images:
        raise InputError(
            "defects are found with golden references or without any, but not with clean images; leave the "
            "clean images out"
        )
    processing = settings.processing
    if processing.background != "none" or processing.rescale_nm is not None:
        raise InputError(
            "single defects are shown as they are in their image: background and scale cannot be changed "
            "(the background is subtracted when defects are searched)"
        )


def _extract_items(
    listing: Listing, settings: Settings, options: FeatureOptions, reporter: Reporter
) -> ItemExtraction:
    from defect_workbench.engine.items.item_extraction import extract_items

    check_items(settings)
    store = options.open_store()
    if not listing.files and not listing.rejected:
        raise InputError(f"{listing.root} contains no images")
    references = list_references(settings.reference, reporter)
    found = extract_items(
        listing,
        references,
        store,
        options.library,
        reporter,
        offline=options.offline,
        precision=None if options.precision is None else Precision(options.precision),
        processing=options.processing,
        description=options.description,
        most=most_items(),
    )
    images = found.extraction.images
    if not images.searched:
        raise no_usable_image(listing.root, images.rejected)
    if references is not None and not found.with_reference:
        raise InputError(
            f"{reference_words(settings.reference)} has no golden reference for any image: references need "
            "the same relative path or the same file name as their image, and the same size"
        )
    notes = ReferenceNotes()
    for path, reason in found.without_reference:
        notes.add(path, reason)
    notes.report(len(images.searched), reporter)
    if not len(images):
        raise InputError(
            f"no defect was found in {counted(len(images.searched), 'image')} of {listing.root}, so there is "
            "nothing to group; `detect` writes a table of the counts"
        )
    if options.on_extracted is not None:
        options.on_extracted(found.extraction, options.processing)
    return found
