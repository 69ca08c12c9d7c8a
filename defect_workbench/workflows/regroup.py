"""Regroup the images of a project: with other settings, other preprocessing, or within one cluster."""

from __future__ import annotations

from dataclasses import dataclass, replace

from defect_workbench.core.arrays import Integers, Pixels
from defect_workbench.core.clustering.clustering_result import Analysis, Settings
from defect_workbench.core.clustering.feature_blocks import DEFECT
from defect_workbench.core.clustering.group_by import OF_DEFECT, GroupBy
from defect_workbench.core.clustering.map_comparison import source_of
from defect_workbench.core.errors import Remedy, WorkbenchError
from defect_workbench.core.images.image_records import ImageSet
from defect_workbench.core.images.preprocessing_steps import Preprocessing
from defect_workbench.core.progress import Reporter
from defect_workbench.core.project.decisions import Decisions
from defect_workbench.core.project.project_state import Project
from defect_workbench.engine.input.scan import listing_of
from defect_workbench.workflows.detection.describe_set import (
    check_items,
    choice_for_items,
    describe,
    most_items,
)
from defect_workbench.workflows.extract import FeatureOptions


@dataclass(frozen=True, eq=False)
class PreprocessedImage:
    """An image before and after preprocessing.

    Attributes
    ----------
    cropped_rows : int
        Number of rows cropped at the bottom of `before`.
    """

    processing: Preprocessing
    image: int
    before: Pixels
    after: Pixels
    cropped_rows: int


def regroup(project: Project, settings: Settings, options: FeatureOptions, reporter: Reporter) -> Project:
    """Return the project regrouped with other settings; decisions are kept.

    Parameters
    ----------
    options : FeatureOptions
        Used only if the settings need defect maps that were not made yet; `processing` and `description` are
        replaced by those of the project.

    Raises
    ------
    WorkbenchError
        If the method gives no result for these images, or their defects cannot be mapped.
    """
    before = project.analysis
    if project.images.are_defects:
        return _regroup_items(project, settings, reporter)
    if _needs_maps(settings, before):
        described = replace(options, processing=settings.processing)
        return _described_again(project, settings, described, reporter)
    from defect_workbench.engine.clustering.group import regroup as analyse_again

    # What was decided from the images stays, unless the user asks for something else.
    kept = settings.weights is None and settings.group_by is before.settings.group_by
    choice = before.group_by if kept else None
    # Maps against another source would pass for those that the settings name.
    outdated = source_of(settings) != source_of(before.settings)
    blocks = {n: b for n, b in before.blocks.items() if not (outdated and n in OF_DEFECT)}
    pictures = before.picture_scores
    analysis = analyse_again(blocks, before.backbone, settings, reporter, choice, pictures)
    identity = {key: value for key, value in before.identity.items() if not (outdated and key == DEFECT)}
    analysis = replace(analysis, identity=identity)
    maps = None if outdated else project.maps
    return replace(project, analysis=analysis, clusters=analysis.suggested_cut, maps=maps)


def _regroup_items(project: Project, settings: Settings, reporter: Reporter) -> Project:
    """Return a project of single defects regrouped with other settings."""
    from defect_workbench.engine.clustering.group import regroup as analyse_again
    from defect_workbench.engine.clustering.partial_group import clusters_any_number, regroup_part
    from defect_workbench.engine.items.large_sets import random_part

    before = project.analysis
    settings = replace(settings, items=before.settings.items)
    check_items(settings)
    if source_of(settings) != source_of(before.settings):
        raise WorkbenchError(
            "these defects were found with other golden references, or without any; open the folder again to "
            "search with these"
        )
    choice = choice_for_items(settings, len(project.images), reporter)
    if clusters_any_number(settings):
        analysis = analyse_again(before.blocks, before.backbone, settings, reporter, choice)
    else:
        part = random_part([image.sha256 for image in project.images.images], most_items())
        analysis = regroup_part(before.blocks, part, before.backbone, settings, reporter, choice)
    analysis = replace(analysis, identity=before.identity)
    return replace(project, analysis=analysis, clusters=analysis.suggested_cut)


def _needs_maps(settings: Settings, before: Analysis) -> bool:
    """Whether defects may have to be mapped, or mapped against another source, for other settings."""
    if settings.weights is not None:
        return False
    other_source = source_of(settings) != source_of(before.settings)
    if settings.group_by is before.settings.group_by and not other_source:
        return False
    of_defect = settings.group_by in (GroupBy.DEFECT, GroupBy.BOTH)
    return settings.group_by is GroupBy.AUTO or (of_defect and (other_source or DEFECT not in before.blocks))


def refine(project: Project, members: Integers, settings: Settings, reporter: Reporter) -> Project:
    """Return a new project in which some images of a project, (m,), are grouped more finely.

    Raises
    ------
    WorkbenchError
        If the method gives no result for these images.
    """
    from defect_workbench.engine.clustering.group import refine as analyse_members

    images = project.images.images
    part = ImageSet(project.images.root, tuple(images[int(member)] for member in members), ())
    analysis = analyse_members(project.analysis.vectors[members], settings, reporter)
    return Project(part, analysis, analysis.suggested_cut, Decisions.none(len(members)))


def preprocess_again(project: Project, options: FeatureOptions, reporter: Reporter) -> Project:
    """Return the project with features from other preprocessing, regrouped; decisions are kept.

    Parameters
    ----------
    options : FeatureOptions
        `processing` is the new preprocessing; `description` is replaced by that of the project.

    Raises
    ------
    WorkbenchError
        If the images have changed since the project was opened.
    """
    settings = replace(project.analysis.settings, processing=options.processing)
    return _described_again(project, settings, options, reporter)


def _described_again(
    project: Project, settings: Settings, options: FeatureOptions, reporter: Reporter
) -> Project:
    """Return the project with features and defect maps as the options and settings require."""
    options = options.as_described_in(project.analysis)
    described = describe(listing_of(project.images), settings, options, reporter)
    extraction, found = described.extraction, described.found
    contents = [(image.path, image.sha256) for image in extraction.images.images]
    if contents != [(image.path, image.sha256) for image in project.images.images]:
        raise WorkbenchError(
            f"the images in {project.images.root} have changed since this project was opened",
            Remedy.OPEN_AGAIN,
        )
    analysis = described.analyse(settings, reporter)
    previous = project.images
    images = replace(extraction.images, rejected=previous.rejected, folders=previous.folders)
    return replace(
        project, images=images, analysis=analysis, clusters=analysis.suggested_cut, maps=found.maps
    )


def preview_preprocessing(project: Project, image: int, processing: Preprocessing) -> PreprocessedImage:
    """Return an image before and after preprocessing.

    Raises
    ------
    WorkbenchError
        If the image cannot be read.
    """
    from defect_workbench.engine.input.location_reading import read_location
    from defect_workbench.engine.preprocessing.feature_input import preprocessed
    from defect_workbench.engine.preprocessing.info_bar import found_rows, rows_to_leave_out

    record = project.images.images[image]
    try:
        decoded = read_location(project.images.absolute(image))
    except OSError as error:
        raise WorkbenchError(f"{record.path} cannot be read: {error.strerror}") from error
    rows = rows_to_leave_out(decoded.height, found_rows(decoded.pixels, decoded.tool), processing)
    if record.origin is not None:
        rows = 0  # the info bar was left out before defects were searched
    size = None if record.tool is None else record.tool.pixel_size_nm
    after = preprocessed(decoded.pixels, processing, bar_rows=rows, pixel_size_nm=size)
    return PreprocessedImage(processing, image, decoded.pixels, after.pixels, rows)
