"""Session formats and store marks that are damaged or unknown."""

import json
from pathlib import Path

import pytest

from defect_workbench.core.errors import WorkbenchError
from defect_workbench.core.progress import SilentReporter
from defect_workbench.storage.session.session_file import save_session
from defect_workbench.storage.vectors.feature_store import FeatureStore
from defect_workbench.user_dirs import UserDirs
from tests.builders import made_lot, made_project


@pytest.fixture
def lot(tmp_path: Path) -> Path:
    return made_lot(tmp_path / "lot")


@pytest.mark.parametrize("number", [0, -1])
def test_formats_that_never_were_are_refused(number: int, tmp_path: Path) -> None:
    import zipfile

    from defect_workbench.storage.session.session_file import load_session

    save_session(tmp_path / "s.dwb", made_project(tmp_path / "lot"))
    with zipfile.ZipFile(tmp_path / "s.dwb") as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    state = json.loads(members["state.json"])
    for change in ({"format": number}, {"root": "/lot\0"}):
        with zipfile.ZipFile(tmp_path / "t.dwb", "w") as archive:
            for name, data in {**members, "state.json": json.dumps({**state, **change}).encode()}.items():
                archive.writestr(name, data)
        with pytest.raises(WorkbenchError, match="was not opened"):
            load_session(tmp_path / "t.dwb")


@pytest.mark.parametrize("content", [b"", b"{", b'{"format": "x"}', b"[" * 5000, b'{"format": 0}'])
def test_a_store_whose_mark_is_damaged_mends_itself(content: bytes, lot: Path, places: UserDirs) -> None:
    from defect_workbench.engine.backbone.pretrained import WeightsLibrary
    from defect_workbench.engine.extraction.extractor import extract
    from defect_workbench.engine.input.scan import scan

    def computed() -> int:
        store, library = FeatureStore(places.store), WeightsLibrary(places.weights)
        return extract(scan(lot, SilentReporter()), store, library, SilentReporter(), offline=True).computed

    assert computed() == 12
    (places.store / "store.json").write_bytes(content)
    assert computed() == 0
    assert json.loads((places.store / "store.json").read_text())["format"] == 1


def test_a_damaged_mark_without_a_store_is_reported(tmp_path: Path) -> None:
    (tmp_path / "store.json").write_text("{")
    with pytest.raises(WorkbenchError, match="it contains no features"):
        FeatureStore(tmp_path)
    with pytest.raises(WorkbenchError, match="is a file or is inside one"):
        FeatureStore(tmp_path / "store.json" / "deeper")
