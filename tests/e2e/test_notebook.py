"""The library interface with the real weights, on the sample set: as the command line, and as documented."""

from __future__ import annotations

import runpy
import shutil
from pathlib import Path

import numpy as np
import pytest
from sklearn.pipeline import make_pipeline

from defect_workbench.engine import (
    DefectClusters,
    FusionVectors,
    WorkbenchWarning,
    classify,
    cluster,
    cut,
    export,
    extract,
    load_session,
    sample_folder,
)
from tests.conftest import GOLDEN, always_by_picture
from tests.processes import Command, table

pytestmark = pytest.mark.usefixtures("small_reports")

ROOT = Path(__file__).resolve().parents[2]
EXAMPLE = ROOT / "docs" / "examples" / "group_a_folder.py"


@pytest.fixture(autouse=True)
def by_picture(monkeypatch: pytest.MonkeyPatch) -> None:
    always_by_picture(monkeypatch)


@pytest.mark.parametrize(("options", "clusters"), [((), None), (("--cut", "9", "--linkage", "average"), 9)])
def test_labels_and_files_are_those_of_the_command_line(
    with_sample: None, tmp_path: Path, command: Command, options: tuple[str, ...], clusters: int | None
) -> None:
    done = command("cluster", sample_folder(), "--out", tmp_path / "command", *options)
    assert done.returncode == 0, done.stderr
    features = extract(sample_folder())
    assert features.computed == 0
    clustering = cluster(features, linkage="average" if options else None)
    labels = cut(clustering, clusters)
    export(clustering, tmp_path / "notebook", labels)
    rows = table(tmp_path / "command" / "manifest.csv")
    assert [row["path"] for row in rows] == list(clustering.paths)
    names = clustering.names(labels)
    assert [row["label"] for row in rows] == [names[label] for label in labels.tolist()]
    numbers = [int(row["cluster"]) - 1 for row in rows if row["outlier"] == "false"]
    assert numbers == labels[labels >= 0].tolist()
    written = {path.relative_to(tmp_path / "command") for path in (tmp_path / "command").rglob("*")}
    assert {path.relative_to(tmp_path / "notebook") for path in (tmp_path / "notebook").rglob("*")} == written
    for name in ("manifest.csv", "rejected.csv", "measurements.csv", "session.dwb"):
        expected = (tmp_path / "command" / name).read_bytes()
        assert (tmp_path / "notebook" / name).read_bytes() == expected, name
    session = load_session(tmp_path / "command" / "session.dwb")
    np.testing.assert_array_equal(cut(session), labels)


def test_estimators_give_the_labels_of_the_functions(with_sample: None) -> None:
    features = extract(sample_folder())
    clustering = cluster(features, group_by="picture")
    files = [features.folder / path for path in features.paths]
    model = make_pipeline(FusionVectors(), DefectClusters())
    np.testing.assert_array_equal(model.fit_predict(files), cut(clustering))
    # The principal axes that `fit` learnt are those of the clustering.
    described = model[0].transform(files[::-1])[::-1]
    np.testing.assert_allclose(described, clustering.vectors, atol=1e-5)


def test_the_worked_example_runs(
    with_sample: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    import matplotlib.pyplot as plt

    plt.switch_backend("agg")
    drawn: list[int] = []

    def show() -> None:
        plt.gcf().canvas.draw()
        drawn.append(len(plt.gcf().axes))
        plt.close("all")

    monkeypatch.setattr(plt, "show", show)
    monkeypatch.chdir(tmp_path)
    left = runpy.run_path(str(EXAMPLE))
    assert drawn == [1, 1, 1]
    labels = left["labels"]
    assert labels.shape == (245,)
    rows = table(tmp_path / "groups" / "manifest.csv")
    largest = [row["label"] == "largest" for row in rows]
    assert largest == (labels == 0).tolist()
    printed = capsys.readouterr().out
    assert f"{labels.max() + 1} clusters: " in printed
    assert "images per cluster, 5 outliers" in printed


def test_the_example_of_the_page_is_the_one_that_runs() -> None:
    """Each line of code on the page is in the example, apart from the name of the folder."""
    page = (ROOT / "docs" / "notebook.md").read_text(encoding="utf-8")
    first = page.split("```python\n")[1].split("```")[0]
    example = EXAMPLE.read_text(encoding="utf-8")
    lines = [line.split("  #")[0].rstrip() for line in first.splitlines()]
    code = [line.replace('"lot 4711"', "sample_folder()") for line in lines if line and "import" not in line]
    assert len(code) >= 8
    assert [line for line in code if line not in example] == []


def test_proposals_are_those_of_the_command_line(
    tmp_path: Path, with_weights: Path, command: Command
) -> None:
    golden = Path(shutil.copytree(GOLDEN, tmp_path / "golden"))
    lot, model, store = golden / "lot", golden / "staged.model", golden / "store"
    with pytest.warns(WorkbenchWarning, match="this model is from an earlier version"):
        proposals = classify(lot, model, store=store, weights="offline")
    export(proposals, tmp_path / "notebook")
    options = ("--model", model, "--out", tmp_path / "command", "--store", store, "--offline")
    done = command("classify", lot, *options)
    assert done.returncode == 0, done.stderr
    for name in ("manifest.csv", "rejected.csv", "session.dwb"):
        assert (tmp_path / "notebook" / name).read_bytes() == (tmp_path / "command" / name).read_bytes()
    rows = table(tmp_path / "command" / "manifest.csv")
    assert [row["path"] for row in rows] == list(proposals.paths)
    assert [row["known"] == "true" for row in rows] == proposals.known.tolist()
    known = np.flatnonzero(proposals.known)
    assert len(known) > len(rows) / 2
    assert [rows[i]["label"] for i in known] == [proposals.labels[i] for i in known]
    assert proposals.probabilities.shape == proposals.novelty_scores.shape == (len(rows),)
