"""The public names, and how they are imported."""

from __future__ import annotations

import inspect
import subprocess
import sys
import warnings
from dataclasses import replace

import numpy as np
import pytest

from defect_workbench import engine
from defect_workbench.core.parameters import Number
from defect_workbench.engine import DefectClusters, InputError
from defect_workbench.engine.clustering.linkage import LINKAGE
from defect_workbench.engine.clustering.registry import METHODS
from defect_workbench.notebook.clustering_arguments import method_settings
from defect_workbench.notebook.notebook_jobs import NotebookReporter, WorkbenchWarning

PUBLIC = set(engine.__all__)
FUNCTIONS = sorted(name for name in PUBLIC if inspect.isfunction(getattr(engine, name)))


def loaded_by(code: str) -> set[str]:
    code += "; import sys; print('\\n'.join(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(done.stdout.split())


@pytest.mark.e2e
def test_importing_the_engine_loads_nothing_else() -> None:
    loaded = loaded_by("import defect_workbench.engine")
    assert not {name for name in loaded if name.split(".")[0] in ("numpy", "torch", "PySide6", "tqdm")}
    assert "defect_workbench.notebook" not in loaded


@pytest.mark.e2e
def test_importing_the_interface_loads_no_qt_and_no_torch() -> None:
    everything = loaded_by("from defect_workbench.engine import *")
    assert not {"torch", "PySide6", "matplotlib"} & everything
    steps = loaded_by("from defect_workbench.engine import extract, cluster, cut, outliers, export")
    assert not {"torch", "PySide6", "matplotlib", "sklearn", "scipy"} & steps


def test_public_names_are_there_and_no_part_of_the_engine_is_hidden() -> None:
    from defect_workbench.engine import clustering, features

    assert set(dir(engine)) >= PUBLIC
    assert inspect.ismodule(clustering)
    assert inspect.ismodule(features)
    with pytest.raises(AttributeError, match="has no attribute 'embed'"):
        _ = engine.embed


@pytest.mark.parametrize("name", FUNCTIONS)
def test_every_public_function_is_documented(name: str) -> None:
    text = inspect.getdoc(getattr(engine, name)) or ""
    assert "Examples\n--------\n>>> " in text
    for parameter in inspect.signature(getattr(engine, name)).parameters:
        assert f"{parameter}" in text.split("Examples")[0]


def test_parameters_of_further_methods_are_passed_on(monkeypatch: pytest.MonkeyPatch) -> None:
    smallest = Number("smallest", "Smallest cluster", "fewest images of a cluster", 5, low=2, whole=True)
    method = replace(METHODS["agglomerative"], parameters=(LINKAGE, smallest))
    monkeypatch.setattr(type(METHODS), "__getitem__", lambda registry, name: method)
    settings = method_settings("agglomerative", None, 0, {"smallest": 3, "linkage": None})
    assert settings.parameters == {"linkage": "ward", "smallest": 3}
    vectors = np.eye(4)
    with pytest.raises(InputError, match="smallest cluster must be a whole number"):
        DefectClusters(parameters={"smallest": 1}).fit(vectors)
    with pytest.raises(InputError, match="no clustering method has a parameter smalest"):
        DefectClusters(parameters={"smalest": 3}).fit(vectors)


def test_progress_is_shown_only_where_somebody_sees_it(capsys: pytest.CaptureFixture[str]) -> None:
    for progress, shown in ((None, False), (False, False), (True, True)):
        reporter = NotebookReporter(progress)
        reporter.stage("Extracting features", 3)
        reporter.advance(3)
        reporter.close()
        assert ("Extracting features" in capsys.readouterr().err) is shown


def test_a_warning_is_given_each_time() -> None:
    reporter = NotebookReporter(False)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("default")
        for _ in range(2):
            reporter.warn("no\x1bnetwork")
    assert [each.category for each in caught] == [WorkbenchWarning] * 2
    assert str(caught[0].message) == "no\\x1bnetwork"
