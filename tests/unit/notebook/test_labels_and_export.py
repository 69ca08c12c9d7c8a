"""Labels of a clustering, and what an export makes of them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from matplotlib.figure import Figure
from numpy.typing import NDArray
from PIL import Image

from defect_workbench.core.clustering.clustering_result import Settings
from defect_workbench.core.errors import Remedy, WorkbenchError
from defect_workbench.engine import (
    Clustering,
    InputError,
    cluster,
    cut,
    export,
    load_session,
    outliers,
    plot_contact_sheet,
    plot_dendrogram,
)
from defect_workbench.notebook.notebook_jobs import job
from tests.builders import blobs, made_analysis, made_project
from tests.processes import table

pytestmark = pytest.mark.usefixtures("small_reports")

SIZES = (8, 6, 5)


@pytest.fixture
def clustering(tmp_path: Path) -> Clustering:
    return Clustering(made_project(tmp_path / "lot", SIZES))


def test_labels_count_from_the_largest_cluster(clustering: Clustering) -> None:
    labels = cut(clustering, clusters=3)
    assert labels.dtype == np.intp
    np.testing.assert_array_equal(labels, np.repeat([0, 1, 2], SIZES))
    assert clustering.names(labels) == {0: "cluster-01", 1: "cluster-02", 2: "cluster-03"}


def test_a_height_is_the_same_cut_as_its_number(clustering: Clustering) -> None:
    merges = clustering.linkage_matrix
    assert merges is not None
    height = float(merges[-2:, 2].mean())
    np.testing.assert_array_equal(cut(clustering, height=height), cut(clustering, clusters=2))
    best = clustering.suggested_cuts[0]
    np.testing.assert_array_equal(cut(clustering), cut(clustering, best.clusters))


def test_clusters_of_one_image_are_outliers_of_the_cut_alone(tmp_path: Path) -> None:
    clustering = Clustering(made_project(tmp_path / "lot", (8, 6, 5, 1)))
    strange = outliers(clustering)
    assert (cut(clustering, clusters=4) == -1).tolist() == [False] * 19 + [True]
    assert strange.flags.dtype == bool
    np.testing.assert_array_equal(strange.flags, strange.scores > 1)
    assert (strange.groups == -1).all()
    strange.scores[:] = 9
    assert not (outliers(clustering).scores == 9).any()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"clusters": 0}, "from 1 up, not 0"),
        ({"clusters": True}, "from 1 up, not True"),
        ({"clusters": "7"}, "from 1 up, not '7'"),
        ({"clusters": 20}, "there are only 19 images; pass fewer clusters"),
        ({"height": float("nan")}, "from 0 up, not nan"),
        ({"clusters": 2, "height": 1.0}, "not both"),
    ],
)
def test_an_impossible_cut_is_refused(clustering: Clustering, arguments: dict[str, Any], words: str) -> None:
    with pytest.raises(InputError, match=words):
        cut(clustering, **arguments)


def test_an_export_has_the_cut_that_its_labels_came_from(clustering: Clustering, tmp_path: Path) -> None:
    """Of cuts that give the same labels, the last one: outliers alone differ between these two."""
    labels = cut(clustering, clusters=np.int64(2))
    assert export(clustering, tmp_path / "out", labels.copy()) == tmp_path / "out"
    rows = table(tmp_path / "out" / "manifest.csv")
    assert [int(row["cluster"]) - 1 for row in rows] == labels.tolist()
    session = load_session(tmp_path / "out" / "session.dwb")
    assert session._project.clusters == 2
    assert not session._project.decisions.decided.any()
    np.testing.assert_array_equal(cut(session), labels)


def test_labels_of_a_suggested_cut_are_known_without_cutting(clustering: Clustering, tmp_path: Path) -> None:
    export(clustering, tmp_path / "out", np.repeat([0, 1, 2], SIZES))
    assert not load_session(tmp_path / "out" / "session.dwb")._project.decisions.decided.any()


def test_named_clusters_become_folders_and_names_of_the_session(
    clustering: Clustering, tmp_path: Path
) -> None:
    labels = cut(clustering, 3)
    export(clustering, tmp_path / "out", labels, names={1: "scratch", 2: " a/b "})
    folders = {path.name for path in (tmp_path / "out").iterdir() if path.is_dir()}
    assert folders == {"cluster-01", "scratch", "a_b"}
    session = load_session(tmp_path / "out" / "session.dwb")
    assert session.names() == {0: "cluster-01", 1: "scratch", 2: "a/b"}
    # A name is a decision; nothing is confirmed that nobody has looked at.
    assert not any(group.confirmed for group in session._project.decisions.groups.values())
    again = session.names(cut(session, 1))
    assert set(again.values()) == {"cluster-01", "scratch", "a/b"}
    export(session, tmp_path / "again", names={1: "line"})
    assert load_session(tmp_path / "again" / "session.dwb").names()[1] == "line"


def test_labels_of_ones_own_are_decisions(clustering: Clustering, tmp_path: Path) -> None:
    labels = np.repeat([4, 9, 9], SIZES).astype(np.int8)
    labels[[0, 1]] = -1
    export(clustering, tmp_path / "out", labels, names={4: "ring"})
    rows = table(tmp_path / "out" / "manifest.csv")
    expected = ["_outliers"] * 2 + ["ring"] * 6 + ["cluster-01"] * 11
    assert [row["label"] for row in rows] == expected
    session = load_session(tmp_path / "out" / "session.dwb")
    assert session.names() == {0: "cluster-01", 1: "ring", -1: "_outliers"}
    np.testing.assert_array_equal(cut(session, 5)[2:], cut(session, 1)[2:])


def test_labels_of_ones_own_work_without_a_tree(tmp_path: Path) -> None:
    project = made_project(tmp_path / "lot", SIZES)
    analysis = made_analysis(blobs(SIZES), Settings(method="affinity"))
    clustering = Clustering(project.changed(analysis=analysis))
    assert clustering.linkage_matrix is None
    labels = np.zeros(19, int)
    labels[18] = -1
    assert clustering.names(labels) == {0: "cluster-01", -1: "_outliers"}
    with pytest.raises(InputError, match="affinity propagation has no tree to cut"):
        cut(clustering, 3)
    with pytest.raises(InputError, match="affinity propagation builds no tree"):
        plot_dendrogram(clustering)


@pytest.mark.parametrize(
    ("labels", "names", "words"),
    [
        (np.zeros(18, int), {}, r"shape \(18,\); there must be one per image, \(19,\)"),
        (np.zeros(19), {}, "whole numbers, not float64"),
        (np.full(19, -2), {}, "not -2"),
        (np.zeros(19, int), {1: "x"}, "no image has this label"),
        (np.zeros(19, int), {0: " "}, "the name of cluster 0 is empty"),
        (np.arange(19) % 2, {0: "Ring", 1: "ring"}, "two clusters are named 'ring'"),
    ],
)
def test_labels_that_do_not_fit_write_nothing(
    clustering: Clustering,
    tmp_path: Path,
    labels: NDArray[np.int_],
    names: dict[int, str],
    words: str,
) -> None:
    with pytest.raises(InputError, match=words):
        export(clustering, tmp_path / "out", labels, names=names)
    assert not (tmp_path / "out").exists()


def test_a_folder_that_is_not_empty_is_left_alone(clustering: Clustering, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="so nothing was written; pass the name of a new folder"):
        export(clustering, tmp_path / "lot")
    assert len(list((tmp_path / "lot").iterdir())) == 19


def test_a_dendrogram_is_drawn_into_given_axes(clustering: Clustering) -> None:
    axes = Figure().subplots()
    assert plot_dendrogram(clustering, cut(clustering, 2), ax=axes) is axes
    lines = axes.collections[0]
    assert len(lines.get_paths()) == 3 * 18
    # Two branches have colours of their own, the merge above them is grey.
    assert len(np.unique(np.asarray(lines.get_edgecolor()), axis=0)) == 3
    merges = clustering.linkage_matrix
    assert merges is not None
    assert merges[-2, 2] < np.asarray(axes.lines[0].get_ydata())[0] < merges[-1, 2]


def test_a_contact_sheet_has_a_row_per_cluster(clustering: Clustering) -> None:
    labels = cut(clustering, 3)
    axes = plot_contact_sheet(clustering, labels, images=4, ax=Figure().subplots())
    words = [text.get_text() for text in axes.get_yticklabels()]
    assert words == ["cluster-01\n8 images", "cluster-02\n6 images", "cluster-03\n5 images"]
    drawn = np.asarray(axes.images[0].get_array())
    assert drawn.shape == (3 * 96 + 2 * 6, 4 * 100 - 4, 3)


def test_a_contact_sheet_of_one_cluster_begins_with_the_medoid(clustering: Clustering) -> None:
    axes = plot_contact_sheet(clustering, cut(clustering, 3), 2, images=3, ax=Figure().subplots())
    assert axes.get_title(loc="left") == "cluster-03: 5 images, 3 shown"
    medoid = clustering._project.changed(clusters=3).partition.clusters[2].members[0]
    file = clustering.folder / clustering.paths[int(medoid)]
    pixels = np.asarray(Image.open(file).resize((96, 77), Image.Resampling.BILINEAR, reducing_gap=2.0))
    drawn = np.asarray(axes.images[0].get_array())
    np.testing.assert_array_equal(drawn[9 : 9 + 77, :96, 0], pixels)
    with pytest.raises(InputError, match="no image has the label 5; there are 0, 1, 2"):
        plot_contact_sheet(clustering, cut(clustering, 3), 5)


def test_missing_images_are_an_error_and_no_empty_sheet(clustering: Clustering, tmp_path: Path) -> None:
    (tmp_path / "lot").rename(tmp_path / "moved")
    with pytest.raises(WorkbenchError, match="lot does not exist; move them back"):
        plot_contact_sheet(clustering, ax=Figure().subplots())


@pytest.mark.parametrize(
    ("function", "arguments", "words"),
    [
        (cluster, ("lot 4711",), "extract returns what is needed here, and this is str"),
        (cut, ("lot 4711",), "cluster returns what is needed here, and this is str"),
        (outliers, (7,), "cluster returns"),
        (plot_dendrogram, (7,), "cluster returns"),
        (plot_contact_sheet, (7,), "cluster returns"),
        (export, (7, "out"), "cluster or classify returns"),
    ],
)
def test_an_argument_of_another_step_is_named(
    function: Callable[..., object], arguments: tuple[object, ...], words: str
) -> None:
    with pytest.raises(InputError, match=words):
        function(*arguments)


def test_labels_in_place_of_the_folder_are_named(clustering: Clustering) -> None:
    with pytest.raises(InputError, match="second argument is the folder to write, and this is ndarray"):
        export(clustering, cut(clustering), "out")  # type: ignore[arg-type]


def test_a_single_image_is_a_set_too(tmp_path: Path) -> None:
    clustering = Clustering(made_project(tmp_path / "lot", (1,)))
    assert cut(clustering).tolist() == [-1]
    assert clustering.names() == {-1: "_outliers"}
    axes = plot_contact_sheet(clustering, ax=Figure().subplots())
    assert [text.get_text() for text in axes.get_yticklabels()] == ["outliers\n1 image"]
    plot_dendrogram(clustering, ax=Figure().subplots())
    export(clustering, tmp_path / "out")
    assert table(tmp_path / "out" / "manifest.csv")[0]["label"] == "_outliers"


def test_an_error_tells_once_what_to_do() -> None:
    with pytest.raises(WorkbenchError) as raised, job():
        raise WorkbenchError("links are not possible", Remedy.COPY_MODE)
    assert str(raised.value) == 'links are not possible; pass mode="copy"'
    assert raised.value.remedy is None
