"""The jobs around how pictures are prepared for the features: a look at it, and doing it."""

from __future__ import annotations

from dataclasses import dataclass, replace

from defect_workbench.app.jobs.open_job import Regrouped, prepare
from defect_workbench.app.jobs.runner import JobReporter, Work
from defect_workbench.core.arrays import Pixels
from defect_workbench.core.errors import WorkbenchError
from defect_workbench.core.images.preprocessing_steps import Processing
from defect_workbench.core.project.project_state import Project
from defect_workbench.core.safe_reading import open_regular
from defect_workbench.user_dirs import Places


@dataclass(frozen=True, eq=False)
class Prepared:
    """A picture as stored and as the features would see it.

    Attributes
    ----------
    left_out : int
        Rows at the bottom of `before` that are left out.
    """

    processing: Processing
    image: int
    before: Pixels
    after: Pixels
    left_out: int


def look(project: Project, image: int, processing: Processing) -> Work:
    """The job that prepares one picture."""

    def work(reporter: JobReporter) -> Prepared:
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
        return Prepared(processing, image, picture.pixels, after.pixels, rows)

    return work


def prepare_again(project: Project, processing: Processing, places: Places, *, offline: bool) -> Work:
    """The job that takes the features of all pictures anew, prepared in another way; decisions stay."""

    def work(reporter: JobReporter) -> Regrouped:
        from defect_workbench.engine.backbone.pretrained import WeightsLibrary
        from defect_workbench.engine.clustering.group import analyse
        from defect_workbench.engine.extraction.extractor import extract
        from defect_workbench.engine.input.scan import listing_of
        from defect_workbench.storage.vectors.feature_store import FeatureStore

        extraction = extract(
            listing_of(project.images),
            FeatureStore(places.store),
            WeightsLibrary(places.weights),
            reporter,
            offline=offline,
            processing=processing,
        )
        there = [(image.path, image.sha256) for image in extraction.images.images]
        if there != [(image.path, image.sha256) for image in project.images.images]:
            raise WorkbenchError(
                f"the images in {project.images.root} are not the ones this work began with; open the folder "
                "again to preprocess them differently"
            )
        settings = replace(project.analysis.settings, processing=processing)
        analysis = analyse(extraction.features, settings, reporter)
        clusters = analysis.suggested_cut
        known = project.images
        images = replace(extraction.images, rejected=known.rejected, folders=known.folders)
        changed = replace(project, images=images, analysis=analysis, clusters=clusters)
        return Regrouped(prepare(changed))

    return work
