"""Group the images of an open project again: other settings, other preprocessing, or one cluster alone."""

from __future__ import annotations

from dataclasses import dataclass, replace

from defect_workbench.core.arrays import Integers, Pixels
from defect_workbench.core.clustering.clustering_result import Settings
from defect_workbench.core.errors import Remedy, WorkbenchError
from defect_workbench.core.images.image_records import ImageSet
from defect_workbench.core.images.preprocessing_steps import Preprocessing
from defect_workbench.core.progress import Reporter
from defect_workbench.core.project.decisions import Decisions
from defect_workbench.core.project.project_state import Project
from defect_workbench.core.safe_reading import open_regular
from defect_workbench.engine.input.scan import listing_of
from defect_workbench.workflows.extract import FeatureOptions, extract_listing


@dataclass(frozen=True, eq=False)
class PreprocessedImage:
    """An image as stored and as the features would see it.

    Attributes
    ----------
    cropped_rows : int
        Rows at the bottom of `before` that are left out.
    """

    processing: Preprocessing
    image: int
    before: Pixels
    after: Pixels
    cropped_rows: int


def regroup(project: Project, settings: Settings, reporter: Reporter) -> Project:
    """The project grouped with other settings; decisions stay.

    Raises
    ------
    WorkbenchError
        If the method cannot give a result for these images.
    """
    from defect_workbench.engine.clustering.group import regroup as analyse_again

    analysis = analyse_again(project.analysis.blocks, project.analysis.backbone, settings, reporter)
    analysis = replace(analysis, identity=project.analysis.identity)
    return replace(project, analysis=analysis, clusters=analysis.suggested_cut)


def refine(project: Project, members: Integers, settings: Settings, reporter: Reporter) -> Project:
    """Some images of a project, grouped more finely, as a project of their own.

    Raises
    ------
    WorkbenchError
        If the method cannot give a result for these images.
    """
    from defect_workbench.engine.clustering.group import refine as analyse_members

    images = project.images.images
    part = ImageSet(project.images.root, tuple(images[int(member)] for member in members), ())
    analysis = analyse_members(project.analysis.vectors[members], settings, reporter)
    return Project(part, analysis, analysis.suggested_cut, Decisions.none(len(members)))


def preprocess_again(project: Project, options: FeatureOptions, reporter: Reporter) -> Project:
    """The project with the features of all its images extracted again; decisions stay.

    Parameters
    ----------
    options : FeatureOptions
        `processing` is what is done to the images now.

    Raises
    ------
    WorkbenchError
        If the images are not those that the project was made from.
    """
    from defect_workbench.engine.clustering.group import analyse

    extraction = extract_listing(listing_of(project.images), options, reporter)
    found = [(image.path, image.sha256) for image in extraction.images.images]
    if found != [(image.path, image.sha256) for image in project.images.images]:
        raise WorkbenchError(
            f"the images in {project.images.root} are not the ones this project was made from",
            Remedy.OPEN_AGAIN,
        )
    settings = replace(project.analysis.settings, processing=options.processing)
    analysis = analyse(extraction.features, settings, reporter)
    known = project.images
    images = replace(extraction.images, rejected=known.rejected, folders=known.folders)
    return replace(project, images=images, analysis=analysis, clusters=analysis.suggested_cut)


def preview_preprocessing(project: Project, image: int, processing: Preprocessing) -> PreprocessedImage:
    """One image before and after preprocessing.

    Raises
    ------
    WorkbenchError
        If the image cannot be read.
    """
    from defect_workbench.engine.input.decode import decode
    from defect_workbench.engine.preprocessing.feature_input import preprocessed
    from defect_workbench.engine.preprocessing.info_bar import found_rows, rows_to_leave_out

    record, path = project.images.images[image], project.images.absolute(image)
    try:
        with open_regular(path) as stream:
            picture = decode(stream.read(), path.name)
    except OSError as error:
        raise WorkbenchError(f"{record.path} cannot be read: {error.strerror}") from error
    rows = rows_to_leave_out(picture.height, found_rows(picture.pixels, picture.tool), processing)
    size = None if record.tool is None else record.tool.pixel_size_nm
    after = preprocessed(picture.pixels, processing, bar_rows=rows, pixel_size_nm=size)
    return PreprocessedImage(processing, image, picture.pixels, after.pixels, rows)
