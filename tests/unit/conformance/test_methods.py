"""What every clustering method must satisfy, and that one more entry appears wherever methods are named."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest

from defect_workbench import cli
from defect_workbench.core.arrays import Floats, Integers
from defect_workbench.core.clustering.clustering_result import Flat, Settings
from defect_workbench.core.clustering.feature_blocks import BlockWeights
from defect_workbench.core.clustering.merge_tree import Tree
from defect_workbench.core.errors import Cancelled, InputError
from defect_workbench.core.parameters import Choice, Number, Value, number_of
from defect_workbench.core.progress import Reporter, SilentReporter
from defect_workbench.core.project.decisions import Decisions, base_labels
from defect_workbench.core.project.project_state import Project
from defect_workbench.engine.clustering.group import refine, regroup
from defect_workbench.engine.clustering.method import Grouping, Method
from defect_workbench.engine.clustering.registry import METHODS, completed
from defect_workbench.storage.session.session_file import load_session, save_session
from defect_workbench.user_dirs import UserDirs
from tests.builders import BACKBONE, blobs, made_project, picture

OTHER_SETTINGS = {"method", "parameters", "weights", "seed", "processing"}
SIZES = (14, 9, 7)
DEEP_ALONE = BlockWeights({"deep": 1.0}, "for a test")

each_method = pytest.mark.parametrize("entry", list(METHODS), ids=METHODS.names)


def settings_for(entry: Method) -> Settings:
    """Settings with which the method settles on a few well separated groups."""
    damping = {"damping": 0.9} if entry.name == "affinity" else {}
    return completed(Settings(entry.name, damping, DEEP_ALONE))


def grouping(entry: Method, vectors: Floats, seed: int = 0, reporter: Reporter | None = None) -> Grouping:
    """What the method makes of some rows."""
    return entry.run(vectors, settings_for(entry).parameters, seed, reporter or SilentReporter())


def labels_of(found: Grouping) -> Integers:
    """Clusters at the best cut, or as they are."""
    if isinstance(found.result, Flat):
        return found.result.labels
    return found.result.roots(found.suggestions[0].clusters)


@each_method
def test_it_has_a_label_and_parameters_that_explain_themselves(entry: Method) -> None:
    assert entry.label[:1].isupper()
    for parameter in entry.parameters:
        assert parameter.name == parameter.name.lower()
        assert parameter.name not in OTHER_SETTINGS
        assert parameter.label[:1].isupper()
        assert parameter.help
        assert not parameter.help.endswith(".")
        assert parameter.words(parameter.default)
    assert entry.words({})


def test_parameters_of_one_name_are_the_same_parameter() -> None:
    known: dict[str, object] = {}
    for method in METHODS:
        for parameter in method.parameters:
            assert known.setdefault(parameter.name, parameter) == parameter


@each_method
def test_its_defaults_are_in_range_and_what_is_not_is_refused(entry: Method) -> None:
    values = entry.completed({})
    assert entry.completed(values) == values
    for parameter in entry.parameters:
        wrong: list[Value] = [float("nan"), float("inf")]
        if isinstance(parameter, Choice):
            wrong.append("no such choice")
        else:
            wrong += ["a word", parameter.high * 2]
        for value in wrong:
            with pytest.raises(InputError, match=parameter.label.lower()):
                entry.completed({parameter.name: value})


@each_method
def test_it_finds_well_separated_groups(entry: Method) -> None:
    found = grouping(entry, blobs(SIZES, seed=5).astype(np.float64))
    assert isinstance(found.result, Tree if entry.builds_tree else Flat)
    assert bool(found.suggestions) == entry.builds_tree
    labels = labels_of(found)
    assert len(set(labels.tolist())) == len(SIZES)
    for group in np.split(labels, np.cumsum(SIZES)[:-1]):
        assert len(set(group.tolist())) == 1


@each_method
@pytest.mark.parametrize("rows", [1, 2, 3])
def test_it_groups_as_few_rows_as_one(entry: Method, rows: int) -> None:
    found = grouping(entry, blobs((rows,), seed=1).astype(np.float64))
    assert len(labels_of(found)) == rows


@each_method
def test_flat_clusters_are_represented_by_one_of_their_images(entry: Method) -> None:
    result = grouping(entry, blobs(SIZES, seed=2).astype(np.float64)).result
    if isinstance(result, Flat):
        assert (result.labels[result.representatives] == np.arange(len(result.representatives))).all()
        if result.tree_of_representatives is not None:
            assert result.tree_of_representatives.leaves == len(result.representatives)


@each_method
def test_the_same_seed_gives_the_same_groups(entry: Method) -> None:
    vectors = blobs(SIZES, seed=3, spread=1.0).astype(np.float64)
    first, second = (labels_of(grouping(entry, vectors, seed=4)) for _ in range(2))
    assert np.array_equal(first, second)


class Stopping(SilentReporter):
    """A person who asks for the work to stop at once."""

    def check(self) -> None:
        """Stop."""
        raise Cancelled


@each_method
def test_a_request_to_stop_ends_the_whole_analysis(entry: Method) -> None:
    vectors = blobs(SIZES)
    with pytest.raises(Cancelled):
        regroup({"deep": vectors}, BACKBONE, settings_for(entry), Stopping())


@each_method
def test_it_survives_a_session_and_can_refine_one_cluster(entry: Method, tmp_path: Path) -> None:
    project = made_project(tmp_path / "lot", SIZES)
    analysis = regroup(project.analysis.blocks, BACKBONE, settings_for(entry), SilentReporter())
    grouped = Project(project.images, analysis, analysis.suggested_cut, Decisions.none(sum(SIZES)))
    save_session(tmp_path / "a.dwb", grouped)
    again = load_session(tmp_path / "a.dwb")
    assert again.analysis.settings == analysis.settings
    assert np.array_equal(
        base_labels(again.analysis, again.clusters), base_labels(analysis, grouped.clusters)
    )
    first = settings_for(entry).parameters
    values = dict(first if entry.for_one_cluster is None else entry.for_one_cluster(first))
    refined = refine(analysis.vectors, Settings(entry.name, values, DEEP_ALONE), SilentReporter())
    assert refined.settings.parameters == values


def test_listing_the_methods_loads_no_library_that_does_the_work() -> None:
    code = (
        "import sys, defect_workbench.engine.clustering.registry as r; assert len(r.METHODS);"
        "print([m for m in ('sklearn', 'scipy', 'fastcluster', 'torch') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def toy(vectors: Floats, values: Mapping[str, Value], seed: int, reporter: Reporter) -> Grouping:
    """Every row with the nearest of a few rows that are drawn at random."""
    count = min(int(number_of(values, "groups")), len(vectors))
    chosen = np.sort(np.random.default_rng(seed).choice(len(vectors), count, replace=False))
    squares = ((vectors[:, None, :] - vectors[None, chosen, :]) ** 2).sum(axis=2)
    return Grouping(Flat(squares.argmin(axis=1), chosen))


TOY = Method(
    "toy",
    "Toy groups",
    (Number("groups", "Groups", "how many to make", 3, low=1, high=50, whole=True),),
    builds_tree=False,
    run=toy,
)


def test_one_more_entry_works_from_the_command_line_to_the_report(
    tmp_path: Path, places: UserDirs, capsys: pytest.CaptureFixture[str]
) -> None:
    lot = tmp_path / "lot"
    lot.mkdir()
    for index in range(12):
        picture(index).save(lot / f"{index:02d}.png")
    job = ["cluster", str(lot), "--out", str(tmp_path / "out"), "--offline", "--method", "toy"]
    with METHODS.including(TOY):
        with pytest.raises(SystemExit):
            cli.build_parser(places).parse_args(["cluster", "--help"])
        shown = " ".join(capsys.readouterr().out.split())
        assert f"--method {{{','.join(METHODS.names)}}}" in shown
        assert METHODS.names[-1] == "toy"
        assert "how many to make; at least 1 and at most 50; default: 3" in shown

        assert cli.run([*job, "--groups", "0"], places) == 2
        assert "--groups 0: groups must be a whole number, at least 1" in capsys.readouterr().err
        assert cli.run([*job, "--damping", "0.6"], places) == 2
        assert "--damping belongs to --method affinity, not to toy" in capsys.readouterr().err
        assert cli.run([*job, "--cut", "3"], places) == 2
        assert "toy groups has no tree to cut" in capsys.readouterr().err

        assert cli.run([*job, "--groups", "4", "--json"], places) == 0
        assert json.loads(capsys.readouterr().out)["suggested_cuts"] == []
        report = (tmp_path / "out" / "report.html").read_text(encoding="utf-8")
        assert "<td>toy</td>" in report
        assert "<td>Groups</td>" in report
        session = load_session(tmp_path / "out" / "session.dwb")
        assert session.analysis.settings.parameters == {"groups": 4}
        assert session.analysis.flat is not None
        assert len(session.analysis.flat.representatives) == 4
    assert cli.run(job, places) == 2


def test_a_session_grouped_by_a_method_that_is_unknown_here_still_opens(tmp_path: Path) -> None:
    with METHODS.including(TOY):
        project = made_project(tmp_path / "lot", SIZES)
        analysis = regroup(
            project.analysis.blocks, BACKBONE, Settings("toy", weights=DEEP_ALONE), SilentReporter()
        )
        save_session(tmp_path / "a.dwb", Project(project.images, analysis, 0, Decisions.none(sum(SIZES))))
    opened = load_session(tmp_path / "a.dwb")
    assert len(opened.partition.clusters) + len(opened.partition.outliers) > 0
    with pytest.raises(InputError, match="unknown clustering method 'toy'"):
        regroup(opened.analysis.blocks, BACKBONE, opened.analysis.settings, SilentReporter())
