import csv
import io
import os
import zipfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from defect_workbench.core.errors import Cancelled, InputError, WorkbenchError
from defect_workbench.core.images.image_records import FileStamp, Rejection
from defect_workbench.core.progress import SilentReporter
from defect_workbench.core.project.decisions import Group
from defect_workbench.core.project.project_state import Project
from defect_workbench.engine.input.thumbnail import thumbnail
from defect_workbench.storage.files.safe_names import Names, safe_name
from defect_workbench.storage.report.project_report import ReportInputs
from defect_workbench.storage.result import result_folder as exporting
from defect_workbench.storage.result.manifest import manifest_text, rows
from defect_workbench.storage.result.result_folder import Mode, export, plan_export
from defect_workbench.storage.session.session_file import load_session, save_session
from defect_workbench.storage.vectors.analysis_cache import AnalysisCache
from defect_workbench.storage.vectors.feature_store import FeatureStore
from tests.builders import made_project

# Names


@given(st.text(max_size=200))
def test_safe_names_are_safe_and_stay_as_they_are(name: str) -> None:
    safe = safe_name(name)
    assert safe
    assert len(safe) <= 121
    assert not set('<>:"/\\|?*') & set(safe)
    assert safe[-1] not in ". "
    assert safe not in (".", "..")
    assert safe_name(safe) == safe


@pytest.mark.parametrize("name", ["CON", "nul.png", "com1.tif", "LPT9"])
def test_names_of_windows_devices_are_changed(name: str) -> None:
    assert safe_name(name) == "_" + name


@given(
    st.lists(
        st.sampled_from(["a.png", "A.PNG", "a~2.png", "é.png", "e\u0301.png", "b.tif", "b"]), max_size=12
    )
)
def test_given_names_never_collide(wanted: list[str]) -> None:
    names = Names()
    taken = [names.take(name).casefold() for name in wanted]
    assert len(set(taken)) == len(taken)


def test_dots_inside_names_are_kept() -> None:
    names = Names()
    assert names.take("lot1.w05.tif") == "lot1.w05.tif"
    assert names.take("lot1.w06.tif") == "lot1.w06.tif"


# The feature store


def test_vectors_come_back_as_they_went_in(tmp_path: Path) -> None:
    vectors = np.random.default_rng(0).random((5, 7), np.float32)
    block = FeatureStore(tmp_path / "s").block("deep", {"net": "a"})
    block.append_vectors(["a", "b"], vectors[:2])
    block.append_vectors(["c", "d", "e"], vectors[2:])
    again = FeatureStore(tmp_path / "s").block("deep", {"net": "a"})
    np.testing.assert_array_equal(again.vectors(["e", "a", "c"]), vectors[[4, 0, 2]])
    assert "a" in again
    assert "z" not in again


def test_another_identity_is_another_block(tmp_path: Path) -> None:
    store = FeatureStore(tmp_path / "s")
    store.block("deep", {"net": "a"}).append_vectors(["x"], np.ones((1, 3), np.float32))
    assert "x" not in FeatureStore(tmp_path / "s").block("deep", {"net": "b"})
    assert store.identities("deep") == [{"net": "a"}]


def test_damaged_part_is_passed_over(tmp_path: Path) -> None:
    block = FeatureStore(tmp_path / "s").block("deep", {})
    block.append_vectors(["a"], np.ones((1, 3), np.float32))
    block.append_vectors(["b"], np.ones((1, 3), np.float32))
    first = min((tmp_path / "s").glob("deep-*/part-*"))
    first.write_bytes(first.read_bytes()[:40])
    again = FeatureStore(tmp_path / "s").block("deep", {})
    assert "a" not in again
    assert "b" in again


def test_newest_stamp_of_a_file_counts(tmp_path: Path) -> None:
    store = FeatureStore(tmp_path / "s")
    store.remember_files(Path("/lot"), {"a.png": FileStamp(1, 2, "old"), "b.png": FileStamp(1, 2, "b")})
    store.remember_files(Path("/lot"), {"a.png": FileStamp(3, 4, "new")})
    store.remember_files(Path("/other"), {"a.png": FileStamp(5, 6, "other")})
    assert store.stamps(Path("/lot"))["a.png"] == FileStamp(3, 4, "new")
    assert store.last_root() == Path("/other")


def test_a_folder_of_other_things_is_no_store(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("mine")
    with pytest.raises(WorkbenchError, match="not a feature store"):
        FeatureStore(tmp_path)


def test_store_of_a_newer_version_is_refused(tmp_path: Path) -> None:
    (tmp_path / "store.json").write_text('{"format": 99}')
    with pytest.raises(WorkbenchError, match="newer version"):
        FeatureStore(tmp_path)


def filled_store(folder: Path) -> None:
    store = FeatureStore(folder)
    store.block("deep", {"net": "a"}).append_vectors(["x"], np.ones((1, 3), np.float32))
    store.remember_files(Path("/lot"), {"a.png": FileStamp(1, 2, "x")})


@pytest.mark.parametrize("mark", [b"", b"{", b"[" * 100_000, b"[]", b'{"format": 0}', b"\xff", None])
def test_a_store_whose_mark_is_damaged_is_marked_again_and_keeps_everything(
    tmp_path: Path, mark: bytes | None, caplog: pytest.LogCaptureFixture
) -> None:
    filled_store(tmp_path)
    sound = (tmp_path / "store.json").read_bytes()
    (tmp_path / "store.json").unlink()
    if mark is not None:
        (tmp_path / "store.json").write_bytes(mark)
    store = FeatureStore(tmp_path)
    assert "x" in store.block("deep", {"net": "a"})
    assert store.stamps(Path("/lot")).keys() == {"a.png"}
    assert (tmp_path / "store.json").read_bytes() == sound
    assert "it is rewritten" in caplog.text


@pytest.mark.parametrize("mark", [b"", b"{", b"[" * 100_000])
def test_a_damaged_mark_alone_makes_no_store(tmp_path: Path, mark: bytes) -> None:
    (tmp_path / "store.json").write_bytes(mark)
    (tmp_path / "thesis.txt").write_text("mine")
    with pytest.raises(WorkbenchError, match="it contains no features"):
        FeatureStore(tmp_path)
    assert (tmp_path / "store.json").read_bytes() == mark


def test_a_mark_or_an_identity_that_is_a_pipe_does_not_hang(tmp_path: Path) -> None:
    filled_store(tmp_path)
    (tmp_path / "deep-0" / "x").mkdir(parents=True)
    os.mkfifo(tmp_path / "deep-0" / "identity.json")
    assert FeatureStore(tmp_path).identities("deep") == [{"net": "a"}]
    (tmp_path / "store.json").unlink()
    os.mkfifo(tmp_path / "store.json")
    with pytest.raises(WorkbenchError, match=r"its store\.json is not a file"):
        FeatureStore(tmp_path)


# Sessions


def test_session_comes_back_the_same(tmp_path: Path) -> None:
    project = made_project(tmp_path / "lot", rejected=(Rejection("x.png", "empty"),))
    decisions, _ = project.decisions.hold(np.array([1, 2]), Group("pits", confirmed=True, colour=3))
    project = Project(project.images, project.analysis, 2, decisions)
    save_session(tmp_path / "a.dwb", project)
    again = load_session(tmp_path / "a.dwb")
    assert again.images == project.images
    assert again.clusters == 2
    assert again.decisions.groups == decisions.groups
    assert again.analysis.settings == project.analysis.settings
    assert again.analysis.suggestions == project.analysis.suggestions
    assert manifest_text(rows(again)) == manifest_text(rows(project))
    save_session(tmp_path / "b.dwb", again)
    assert (tmp_path / "a.dwb").read_bytes() == (tmp_path / "b.dwb").read_bytes()


def test_damaged_sessions_are_refused_with_a_reason_and_left_alone(tmp_path: Path) -> None:
    save_session(tmp_path / "a.dwb", made_project(tmp_path / "lot"))
    whole = (tmp_path / "a.dwb").read_bytes()
    rng = np.random.default_rng(0)
    for trial in range(60):
        content = bytearray(whole if trial % 2 else whole[: int(rng.integers(len(whole)))])
        for _ in range(trial % 4 * 3):
            if content:
                content[int(rng.integers(len(content)))] = int(rng.integers(256))
        path = tmp_path / "b.dwb"
        path.write_bytes(bytes(content))
        try:
            load_session(path)
        except WorkbenchError as error:
            assert str(path) in str(error)
        assert path.read_bytes() == bytes(content)


def test_session_of_a_newer_version_is_refused(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "n.dwb", "w") as archive:
        archive.writestr("state.json", '{"format": 99}')
    with pytest.raises(WorkbenchError, match="newer version"):
        load_session(tmp_path / "n.dwb")


def test_session_holds_no_pickle(tmp_path: Path) -> None:
    stream = io.BytesIO()
    np.save(stream, np.array([object()]), allow_pickle=True)
    save_session(tmp_path / "a.dwb", made_project(tmp_path / "lot"))
    with zipfile.ZipFile(tmp_path / "a.dwb") as archive:
        entries = {name: archive.read(name) for name in archive.namelist()}
    entries["vectors.npy"] = stream.getvalue()
    with zipfile.ZipFile(tmp_path / "p.dwb", "w") as archive:
        for name, content in entries.items():
            archive.writestr(name, content)
    with pytest.raises(WorkbenchError, match="damaged"):
        load_session(tmp_path / "p.dwb")


def test_known_analysis_is_found_for_the_same_contents_and_settings_only(tmp_path: Path) -> None:
    project = made_project(tmp_path / "lot")
    cache = AnalysisCache(tmp_path / "analyses")
    settings = project.analysis.settings
    made = {"decoder": "v2", "extractors": {"haralick": "v1"}}
    assert cache.get(project.images, made, settings) is None
    cache.put(project.images, made, project.analysis)
    found = cache.get(project.images, made, settings)
    assert found is not None
    assert project.analysis.tree is not None
    assert found.tree is not None
    np.testing.assert_array_equal(found.tree.merges, project.analysis.tree.merges)
    assert cache.get(project.images, {**made, "extractors": {"haralick": "v2"}}, settings) is None
    assert cache.get(project.images, made, replace(settings, seed=1)) is None
    for path in (tmp_path / "analyses").iterdir():
        path.write_bytes(b"damaged")
    assert cache.get(project.images, made, settings) is None


# Export


def do_export(project: Project, out: Path, mode: Mode = Mode.COPY) -> None:
    export(project, out, mode, ReportInputs({"Folder": "x"}, thumbnail), SilentReporter())


def table(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as stream:
        return list(csv.DictReader(stream))


@pytest.mark.parametrize("mode", list(Mode))
def test_export_holds_every_image_once_with_its_content(tmp_path: Path, mode: Mode) -> None:
    project = made_project(tmp_path / "lot", rejected=(Rejection("bad, file.png", "empty"),))
    do_export(project, tmp_path / "out", mode)
    found = table(tmp_path / "out" / "manifest.csv")
    assert [row["path"] for row in found] == [image.path for image in project.images.images]
    for row in found:
        exported = tmp_path / "out" / row["exported_as"]
        assert exported.read_bytes() == (tmp_path / "lot" / row["path"]).read_bytes()
        assert exported.is_symlink() == (mode is Mode.SYMLINK)
    written = [p for p in (tmp_path / "out").rglob("*.png")]
    assert len(written) == len(found)
    assert table(tmp_path / "out" / "rejected.csv") == [{"path": "bad, file.png", "reason": "empty"}]
    assert load_session(tmp_path / "out" / "session.dwb").clusters == project.clusters
    report = (tmp_path / "out" / "report.html").read_text(encoding="utf-8")
    assert "http" not in report.replace("http://www.w3.org", "").replace("http://purl.org", "").replace(
        "http://creativecommons.org", ""
    ).replace("https://matplotlib.org", "")
    assert report.count("data:image/jpeg") >= 3
    assert sorted(p.name for p in tmp_path.iterdir()) == ["lot", "out"]


@pytest.mark.usefixtures("small_reports")
def test_names_that_differ_in_case_or_folder_or_last_part_do_not_collide(tmp_path: Path) -> None:
    names = [
        "a/x.png",
        "b/x.png",
        "b/X.PNG",
        "lot1.w05.tif",
        "lot1.w06.tif",
        "CON.png",
        "c/q?.png",
        "c/q*.png",
    ]
    project = made_project(tmp_path / "lot", (8,), names)
    do_export(Project(project.images, project.analysis, 1, project.decisions), tmp_path / "out")
    found = table(tmp_path / "out" / "manifest.csv")
    exported = [row["exported_as"].casefold() for row in found]
    assert len(set(exported)) == 8
    assert {"lot1.w05.tif", "lot1.w06.tif", "_con.png"} <= {name.split("/")[1] for name in exported}
    for row in found:
        assert (tmp_path / "out" / row["exported_as"]).read_bytes() == (
            tmp_path / "lot" / row["path"]
        ).read_bytes()


def test_folder_that_is_not_empty_is_never_touched(tmp_path: Path) -> None:
    project = made_project(tmp_path / "lot")
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "mine.txt").write_text("mine")
    with pytest.raises(InputError, match="not empty"):
        do_export(project, tmp_path / "out")
    assert [p.name for p in (tmp_path / "out").iterdir()] == ["mine.txt"]


def test_empty_folder_is_filled_and_kept(tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.mkdir(mode=0o750)
    inode = out.stat().st_ino
    do_export(made_project(tmp_path / "lot"), out)
    assert out.stat().st_ino == inode
    assert (out / "manifest.csv").is_file()
    assert not [p for p in out.iterdir() if p.name.startswith(".")]


class StopAfter(SilentReporter):
    """Cancels after some checks."""

    def __init__(self, checks: int) -> None:
        super().__init__()
        self.left = checks

    def check(self) -> None:
        self.left -= 1
        if self.left < 0:
            raise Cancelled


@pytest.mark.parametrize("checks", [0, 5, 20])
def test_cancelled_export_leaves_nothing(tmp_path: Path, checks: int) -> None:
    project = made_project(tmp_path / "lot")
    with pytest.raises(Cancelled):
        export(project, tmp_path / "out", Mode.COPY, ReportInputs({}, thumbnail), StopAfter(checks))
    assert [p.name for p in tmp_path.iterdir()] == ["lot"]


def test_image_that_changed_or_went_away_stops_the_export_before_anything_is_there(tmp_path: Path) -> None:
    project = made_project(tmp_path / "lot")
    (tmp_path / "lot" / "image-003.png").write_bytes(b"other")
    with pytest.raises(WorkbenchError, match="changed after it was read"):
        do_export(project, tmp_path / "out")
    (tmp_path / "lot" / "image-003.png").unlink()
    with pytest.raises(WorkbenchError, match="can no longer be read"):
        do_export(project, tmp_path / "out")
    assert plan_export(project, tmp_path / "out").missing == ("image-003.png",)
    assert not (tmp_path / "out").exists()


def test_failing_disk_leaves_nothing_and_is_reported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    project = made_project(tmp_path / "lot")

    def full(*args: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(exporting, "save_session", full)
    with pytest.raises(WorkbenchError, match="disk is full"):
        do_export(project, tmp_path / "out")
    assert [p.name for p in tmp_path.iterdir()] == ["lot"]


def test_labels_cannot_leave_the_folder(tmp_path: Path) -> None:
    project = made_project(tmp_path / "lot")
    decisions, _ = project.decisions.hold(np.arange(4), Group("../../evil"))
    decisions, _ = decisions.hold(np.arange(4, 8), Group("manifest.csv"))
    do_export(Project(project.images, project.analysis, 3, decisions), tmp_path / "out")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["lot", "out"]
    assert (tmp_path / "out" / "manifest.csv").is_file()
    assert (tmp_path / "out" / "manifest~2.csv").is_dir()


def test_report_escapes_what_names_say(tmp_path: Path) -> None:
    project = made_project(tmp_path / "lot", rejected=(Rejection("<script>x.png", "a & b"),))
    decisions, _ = project.decisions.hold(np.arange(4), Group("<b>bold"))
    do_export(Project(project.images, project.analysis, 3, decisions), tmp_path / "out")
    report = (tmp_path / "out" / "report.html").read_text(encoding="utf-8")
    assert "<script>" not in report
    assert "&lt;script&gt;x.png" in report
    assert "a &amp; b" in report


@pytest.mark.usefixtures("small_reports")
def test_umask_and_not_a_private_mode_decides_who_may_read(tmp_path: Path) -> None:
    do_export(made_project(tmp_path / "lot"), tmp_path / "out")
    umask = os.umask(0)
    os.umask(umask)
    assert (tmp_path / "out" / "manifest.csv").stat().st_mode & 0o777 == 0o666 & ~umask
    assert (tmp_path / "out").stat().st_mode & 0o777 == 0o777 & ~umask
