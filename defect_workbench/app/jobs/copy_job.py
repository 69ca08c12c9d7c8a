"""Jobs that make pictures for the clipboard."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from PySide6.QtGui import QImage

from defect_workbench.app.image_loading.full_image_loader import full_image
from defect_workbench.app.image_loading.thumbnail_loader import to_image
from defect_workbench.app.jobs.runner import JobReporter, Work
from defect_workbench.core.arrays import Integers
from defect_workbench.core.project.project_state import Project
from defect_workbench.engine.input.thumbnail import thumbnail


def read_picture(path: str) -> Work:
    """Return the job that reads an image at full size; its result is null if the file cannot be read."""

    def work(reporter: JobReporter) -> QImage:
        return full_image(path)

    return work


def sheet_of_clusters(project: Project, clusters: Sequence[int], outliers: bool = False) -> Work:
    """Return the job that draws the contact sheet of clusters, by index, and of the outliers."""

    def work(reporter: JobReporter) -> QImage:
        from defect_workbench.storage.report.cluster_pages import PageMaker
        from defect_workbench.storage.report.page_pictures import IMAGES, SIDE, contact_sheet

        maker, pages = PageMaker(project, thumbnail, SIDE), []
        for number in clusters:
            reporter.check()
            pages.append(maker.of_cluster(number, IMAGES))
        if outliers:
            pages.append(maker.of_outliers(IMAGES))
        return to_image(np.asarray(contact_sheet(pages)))

    return work


def sheet_of_images(project: Project, images: Integers) -> Work:
    """Return the job that draws the contact sheet of selected images."""

    def work(reporter: JobReporter) -> QImage:
        from defect_workbench.storage.report.cluster_pages import PageMaker
        from defect_workbench.storage.report.page_pictures import IMAGES, SIDE, contact_sheet

        page = PageMaker(project, thumbnail, SIDE).of_images("Selected images", images, IMAGES)
        return to_image(np.asarray(contact_sheet([page])))

    return work
