"""Files written by an earlier version open with today's code, and mean the same."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from defect_workbench.core.clustering.clustering_result import Settings
from defect_workbench.core.clustering.feature_blocks import AVERAGE, current_name
from defect_workbench.core.clustering.group_by import GroupBy
from defect_workbench.core.progress import SilentReporter
from defect_workbench.core.project.project_state import Project
from defect_workbench.engine.features.registry import BLOCKS
from defect_workbench.storage.model.model_file import load_model
from defect_workbench.storage.result.export_options import ExportOptions, lay_out
from defect_workbench.storage.result.manifest import COLUMNS, manifest_text, rows
from defect_workbench.storage.result.receipt import read_receipt
from defect_workbench.storage.session.session_file import load_session, save_session
from defect_workbench.workflows.extract import FeatureOptions
from defect_workbench.workflows.open_project import OpenedProject, OpenRequest, open_folder
from tests.conftest import GOLDEN
from tests.processes import Command, run, table

pytestmark = pytest.mark.usefixtures("small_reports")

EXPECTED: dict[str, dict[str, Any]] = json.loads((GOLDEN / "expected.json").read_text(encoding="utf-8"))
KINDS = {"clean", "pit", "residue", "scratch"}
# The blocks of the golden store, by their names then, and those that extraction computes since.
STORED_BLOCKS = {"deep", "haralick", "zernike", "shape"}
LATER_BLOCKS = {block.name for block in BLOCKS if block.function} - {current_name(b) for b in STORED_BLOCKS}


@pytest.fixture
def golden(tmp_path: Path) -> Path:
    """A copy that a test may change."""
    return Path(shutil.copytree(GOLDEN, tmp_path / "golden"))


def state(project: Project) -> dict[str, Any]:
    """What a person sees of a project, in the form of `expected.json`."""
    paths = [image.path for image in project.images.images]
    groups = project.decisions.groups
    clusters = project.partition.clusters
    held = [(cluster.label, groups[cluster.number]) for cluster in clusters if cluster.number is not None]
    unknown: list[int] = [] if project.proposal is None else project.proposal.unknown.nonzero()[0].tolist()
    return {
        "clusters": {cluster.label: sorted(paths[i] for i in cluster.members) for cluster in clusters},
        "confirmed": sorted(label for label, group in held if group.confirmed),
        "notes": {label: group.note for label, group in held if group.note},
        "outliers": sorted(paths[i] for i in project.partition.outliers),
        "rejected": {rejection.path: rejection.reason for rejection in project.images.rejected},
        "columns": [] if project.side is None else [column.name for column in project.side.columns],
        "unknown": sorted(paths[i] for i in unknown),
    }


@pytest.mark.parametrize("name", sorted(EXPECTED))
def test_session_opens_with_the_same_clusters_and_decisions(name: str, tmp_path: Path) -> None:
    project = load_session(GOLDEN / name)
    assert state(project) == EXPECTED[name]
    save_session(tmp_path / "again.dwb", project)
    again = load_session(tmp_path / "again.dwb")
    assert state(again) == EXPECTED[name]
    assert manifest_text(rows(again)) == manifest_text(rows(project))


def test_session_writes_the_manifest_that_lies_beside_it() -> None:
    project = load_session(GOLDEN / "result" / "session.dwb")
    written = table(GOLDEN / "result" / "manifest.csv")
    assert [row.path for row in rows(project)] == [row["path"] for row in written]
    assert [row.label for row in rows(project)] == [row["label"] for row in written]


def with_later_columns_empty(earlier: Path) -> str:
    """The manifest of an earlier version as today's version writes it: with columns that were added since."""
    required = [column.name for column in COLUMNS if column.required]
    later = [column.name for column in COLUMNS if not column.required]
    header, *lines = earlier.read_text(encoding="utf-8").splitlines()
    assert header == ",".join(required)
    lines = [",".join([header, *later]), *(line + "," * len(later) for line in lines)]
    return "".join(f"{line}\n" for line in lines)


def clustered(
    golden: Path, weights: Path, reporter: SilentReporter, description: str | None
) -> OpenedProject:
    options = FeatureOptions(golden / "store", weights, offline=True, description=description)
    settings = Settings(group_by=GroupBy.PICTURE)
    return open_folder(OpenRequest(golden / "images", options, settings), reporter)


def test_store_still_has_every_vector(golden: Path, weights_folder: Path) -> None:
    """Nothing is computed again, and the result is the same to the byte."""
    reporter = SilentReporter()
    with BLOCKS.without(*LATER_BLOCKS):
        opened = clustered(golden, weights_folder, reporter, AVERAGE)
    assert opened.extraction is not None
    assert (opened.extraction.computed, reporter.warnings) == (0, [])
    written = lay_out(opened.project, rows(opened.project), ExportOptions()).rows
    assert manifest_text(written) == with_later_columns_empty(golden / "result" / "manifest.csv")


def test_store_is_extended_by_the_description_in_use(golden: Path, weights_folder: Path) -> None:
    reporter = SilentReporter()
    opened = clustered(golden, weights_folder, reporter, None)
    backbone = opened.project.analysis.backbone
    assert backbone is not None
    assert backbone.description == "moments"
    (warning,) = reporter.warnings
    assert warning == (
        "the feature store has no vectors of the description in use (mean, spread and maximum of layers 3 "
        f"and 4) for {len(opened.project.images)} images; they were computed"
    )
    # The other blocks are from the store, and so are the earlier vectors.
    names = {path.name.partition("-")[0] for path in (golden / "store").glob("*-*")}
    assert names == {*STORED_BLOCKS, "image", "measured", *LATER_BLOCKS}
    again = clustered(golden, weights_folder, reporter, AVERAGE)
    assert again.extraction is not None
    assert again.extraction.computed == 0


def test_session_replays_from_its_store(golden: Path, with_weights: Path) -> None:
    session, images = golden / "result" / "session.dwb", golden / "images"
    done = run(
        "replay",
        session,
        "--folder",
        images,
        "--out",
        golden / "new",
        "--store",
        golden / "store",
        "--offline",
    )
    assert done.returncode == 0, done.stderr
    manifest = (golden / "new" / "manifest.csv").read_text(encoding="utf-8")
    assert manifest == with_later_columns_empty(golden / "result" / "manifest.csv")


def test_model_says_the_same_of_the_same_lot(golden: Path, with_weights: Path, command: Command) -> None:
    assert set(load_model(golden / "staged.model").taxonomy.labels) >= KINDS
    done = command(
        "classify", golden / "lot", "--model", golden / "staged.model", "--out", golden / "new",
        "--store", golden / "store", "--offline",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    before, after = table(golden / "sorted" / "manifest.csv"), table(golden / "new" / "manifest.csv")
    for then, now in zip(before, after, strict=True):
        same = ("path", "sha256", "label", "outlier", "stage_path", "known")
        assert {key: now[key] for key in same} == {key: then[key] for key in same}
        assert float(now["probability"]) == pytest.approx(float(then["probability"]), abs=1e-4)


def test_result_folder_is_added_to_and_undone_by_its_receipt(
    golden: Path, with_weights: Path, command: Command
) -> None:
    result = golden / "result"
    before = (result / "manifest.csv").read_text(encoding="utf-8")
    assert read_receipt(result).files
    shutil.copy(golden / "lot" / "pit" / "pit-00.png", golden / "images" / "pit" / "pit-90.png")
    options = ("--store", golden / "store", "--offline", "--group-by", "picture")
    done = command("cluster", golden / "images", "--out", result, "--add", *options)
    assert done.returncode == 0, done.stderr
    after = (result / "manifest.csv").read_text(encoding="utf-8")
    assert after.splitlines()[0] == before.splitlines()[0]
    assert set(after.splitlines()) - set(before.splitlines())
    assert set(before.splitlines()) <= set(after.splitlines())
    done = command("export", "--undo", result)
    assert done.returncode == 0, done.stderr
    assert not result.exists()
