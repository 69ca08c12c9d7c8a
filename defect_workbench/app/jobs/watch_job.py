"""The job that watches a folder; it runs until it is cancelled, in its own runner."""

from __future__ import annotations

from defect_workbench.app.jobs.runner import JobReporter, Work
from defect_workbench.user_dirs import UserDirs
from defect_workbench.workflows.extract import FeatureOptions
from defect_workbench.workflows.fab.watch_folder import WatchRequest, watch_folder


def watch(request: WatchRequest, places: UserDirs, *, offline: bool) -> Work:
    """Return the job; what happens is reported as partial results (`WatchEvent`)."""

    def work(reporter: JobReporter) -> None:
        watch_folder(request, FeatureOptions.at(places, offline=offline), reporter, reporter.partial)

    return work
