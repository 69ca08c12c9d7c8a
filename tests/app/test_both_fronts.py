"""The command line and the window come to the same result for the same input: one workflow serves both."""

from pathlib import Path
from typing import Any

import pytest

from defect_workbench import cli
from defect_workbench.app.jobs import classifier_jobs, export_job, open_job
from defect_workbench.app.jobs.runner import JobReporter, Work
from defect_workbench.storage.session.session_file import load_session
from defect_workbench.user_dirs import UserDirs
from defect_workbench.workflows.export import ExportRequest
from defect_workbench.workflows.klarf.image_listing import ImageSource
from defect_workbench.workflows.train import TrainRequest
from tests.conftest import GOLDEN
from tests.processes import table

pytestmark = pytest.mark.usefixtures("small_reports")

LOT, LABELLED = GOLDEN / "lot", GOLDEN / "images"


def result_of(work: Work) -> Any:
    """What a job of the window hands over, done here and now."""
    return work(JobReporter(lambda _: None, lambda _: None, lambda _: None))


def command(places: UserDirs, *arguments: object) -> None:
    assert cli.run([str(argument) for argument in arguments], places) == 0


def manifest(out: Path) -> bytes:
    return (out / "manifest.csv").read_bytes()


@pytest.mark.e2e
def test_cluster_and_export_write_the_same_manifest(places: UserDirs, tmp_path: Path) -> None:
    command(places, "cluster", LOT, "--out", tmp_path / "clustered", "--offline")
    opened = result_of(open_job.open_source(ImageSource(LOT), places, offline=True))
    result_of(export_job.export(opened.project, ExportRequest(tmp_path / "window")))
    assert manifest(tmp_path / "window") == manifest(tmp_path / "clustered")

    session = tmp_path / "clustered" / "session.dwb"
    # Nobody decided anything.
    assert load_session(session).history == ()
    command(places, "export", session, "--out", tmp_path / "exported")
    reopened = result_of(open_job.open_source(ImageSource(session), places, offline=True))
    result_of(export_job.export(reopened.project, ExportRequest(tmp_path / "window-again")))
    assert manifest(tmp_path / "window-again") == manifest(tmp_path / "exported")


@pytest.fixture
def model(places: UserDirs, tmp_path: Path) -> Path:
    path = tmp_path / "kinds.dwm"
    command(places, "train", LABELLED, "--out", path, "--folds", "2", "--offline")
    return path


@pytest.mark.e2e
def test_train_and_classify_give_the_same_model_and_labels(
    model: Path, places: UserDirs, tmp_path: Path
) -> None:
    request = TrainRequest(folder=LABELLED, folds=2)
    trained = result_of(classifier_jobs.train(None, request, places, offline=True))
    result_of(classifier_jobs.save(trained, tmp_path / "window.dwm"))
    assert (tmp_path / "window.dwm").read_bytes() == model.read_bytes()

    command(places, "classify", LOT, "--model", model, "--out", tmp_path / "classified", "--offline")
    found = result_of(classifier_jobs.classify(trained.model, LOT, places, offline=True))
    result_of(export_job.export(found.opened.project, ExportRequest(tmp_path / "window")))
    window, terminal = (table(tmp_path / name / "manifest.csv") for name in ("window", "classified"))
    # The command line's manifest also says how sure the classifier is.
    assert [{name: row[name] for name in window[0]} for row in terminal] == window
