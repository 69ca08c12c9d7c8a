"""Jobs that preprocess images: a preview of one, and new features for all."""

from __future__ import annotations

from dataclasses import dataclass

from defect_workbench.app.jobs.open_job import Regrouped, prepare
from defect_workbench.app.jobs.runner import JobReporter, Work
from defect_workbench.core.images.preprocessing_steps import Preprocessing
from defect_workbench.core.project.project_state import Project
from defect_workbench.engine.input.scan import listing_of
from defect_workbench.user_dirs import UserDirs
from defect_workbench.workflows.extract import FeatureOptions, extract_listing
from defect_workbench.workflows.regroup import PreprocessedImage, preprocess_again, preview_preprocessing


@dataclass(frozen=True)
class Suggested:
    """The preprocessing that suits the images, and why."""

    processing: Preprocessing
    why: str


def suggest(project: Project, places: UserDirs, *, offline: bool) -> Work:
    """Return the job that analyses all images of a project, such as one that was opened from a session."""

    def work(reporter: JobReporter) -> Suggested:
        given = project.analysis.settings.processing
        options = FeatureOptions.at(places, offline=offline, processing=given)
        options = options.as_described_by(project.analysis)
        extraction = extract_listing(listing_of(project.images), options, reporter)
        return Suggested(*extraction.suggestion(project.analysis.group_by.chosen))

    return work


def preview(project: Project, image: int, processing: Preprocessing) -> Work:
    """Return the job that preprocesses one image."""

    def work(reporter: JobReporter) -> PreprocessedImage:
        return preview_preprocessing(project, image, processing)

    return work


def preprocess(project: Project, processing: Preprocessing, places: UserDirs, *, offline: bool) -> Work:
    """Return the job that extracts the features of all images again; decisions stay."""

    def work(reporter: JobReporter) -> Regrouped:
        options = FeatureOptions.at(places, offline=offline, processing=processing)
        return Regrouped(prepare(preprocess_again(project, options, reporter)))

    return work
