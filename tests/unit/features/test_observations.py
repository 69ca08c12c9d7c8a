"""What is known of each image beside its features: in sessions, exports and the store."""

import csv
import json
import zipfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import tifffile
from PIL import Image

from defect_workbench.core.errors import WorkbenchError
from defect_workbench.core.images.image_records import ImageSet
from defect_workbench.core.images.instrument import InstrumentMetadata
from defect_workbench.core.images.measurements import NUMBERS, Measurements
from defect_workbench.core.images.preprocessing_steps import Preprocessing
from defect_workbench.core.progress import SilentReporter
from defect_workbench.core.project.project_state import Project
from defect_workbench.engine.backbone.pretrained import WeightsLibrary
from defect_workbench.engine.extraction.extractor import Extraction, extract
from defect_workbench.engine.input.scan import scan
from defect_workbench.sample.synthetic import KINDS, render
from defect_workbench.storage.report.measurement_table import COLUMNS, cluster_medians, measurements_text
from defect_workbench.storage.session.session_file import load_session, save_session
from defect_workbench.storage.vectors.analysis_cache import AnalysisCache
from defect_workbench.storage.vectors.feature_store import FeatureStore
from tests.builders import made_project, picture
from tests.unit.features.test_info_bar import with_bar


def run(folder: Path, store: Path, processing: Preprocessing | None = None) -> Extraction:
    quiet = SilentReporter()
    library = WeightsLibrary(store.parent / "no-weights")
    return extract(
        scan(folder, quiet), FeatureStore(store), library, quiet, offline=True, processing=processing
    )


def observed(root: Path) -> Project:
    project = made_project(root)
    found = Measurements(2, 90.0, 60.0, 8.7, 1.5, -30.0, -22.0, 4.5)
    images = list(project.images.images)
    images[0] = replace(
        images[0],
        tool=InstrumentMetadata("Zeiss", 2.0, voltage_kv=5.0),
        info_bar=3,
        measured=found.in_units(2.0),
    )
    images[1] = replace(images[1], measured=found)
    images[2] = replace(images[2], tool=InstrumentMetadata("Zeiss", 2.0, voltage_kv=5.0))
    analysis = replace(
        project.analysis,
        settings=replace(project.analysis.settings, processing=Preprocessing(20, "nlm", "plane", 3.5)),
    )
    return replace(project, images=replace(project.images, images=tuple(images)), analysis=analysis)


def test_sessions_keep_facts_measurements_and_processing(tmp_path: Path) -> None:
    project = observed(tmp_path / "lot")
    save_session(tmp_path / "a.dwb", project)
    found = load_session(tmp_path / "a.dwb")
    assert found.images.images == project.images.images
    assert found.analysis.settings == project.analysis.settings


def as_format_1(source: Path, target: Path) -> None:
    """A session as the first format had it: five values per image, no processing, three weights."""
    with zipfile.ZipFile(source) as archive:
        entries = {name: archive.read(name) for name in archive.namelist()}
    state = json.loads(entries["state.json"])
    state["format"] = 1
    for name in ("tools", "info_bars"):
        del state[name]
    del state["settings"]["processing"], state["weights"]["outline"], state["settings"]["weights"]["outline"]
    entries["state.json"] = json.dumps(state).encode()
    with zipfile.ZipFile(target, "w") as archive:
        for name, content in entries.items():
            if not name.startswith("measured"):
                archive.writestr(name, content)


def test_sessions_of_the_first_format_still_open(tmp_path: Path) -> None:
    project = observed(tmp_path / "lot")
    save_session(tmp_path / "new.dwb", project)
    as_format_1(tmp_path / "new.dwb", tmp_path / "old.dwb")
    found = load_session(tmp_path / "old.dwb")
    assert [i.path for i in found.images.images] == [i.path for i in project.images.images]
    assert all(i.tool is None and i.measured is None and not i.info_bar for i in found.images.images)
    assert found.analysis.settings.processing == Preprocessing(info_bar="off")
    assert found.analysis.weights.share("outline") == 0
    save_session(tmp_path / "again.dwb", found)
    assert load_session(tmp_path / "again.dwb").images == found.images


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("tools", {"facts": [], "of": [0] * 19}),
        ("tools", {"facts": [{"pixel_size_nm": "wide"}], "of": [0] * 19}),
        ("info_bars", [-1] * 19),
        ("info_bars", [10**6] * 19),
        ("info_bars", []),
    ],
)
def test_sessions_with_impossible_facts_are_refused(tmp_path: Path, name: str, value: object) -> None:
    save_session(tmp_path / "a.dwb", made_project(tmp_path / "lot"))
    with zipfile.ZipFile(tmp_path / "a.dwb") as archive:
        entries = {member: archive.read(member) for member in archive.namelist()}
    state = json.loads(entries["state.json"])
    state[name] = value
    entries["state.json"] = json.dumps(state).encode()
    with zipfile.ZipFile(tmp_path / "b.dwb", "w") as archive:
        for member, content in entries.items():
            archive.writestr(member, content)
    with pytest.raises(WorkbenchError, match="damaged"):
        load_session(tmp_path / "b.dwb")


def test_another_processing_is_another_analysis(tmp_path: Path) -> None:
    project = observed(tmp_path / "lot")
    cache = AnalysisCache(tmp_path / "analyses")
    cache.put(project.images, {}, project.analysis)
    settings = project.analysis.settings
    assert cache.get(project.images, {}, settings) is not None
    other = replace(settings, processing=Preprocessing())
    assert cache.get(project.images, {}, other) is None


def test_measurement_table_has_a_row_an_image_in_both_units(tmp_path: Path) -> None:
    project = observed(tmp_path / "lot")
    lines = list(csv.DictReader(measurements_text(project.images.images).splitlines()))
    assert tuple(lines[0]) == COLUMNS
    assert [line["path"] for line in lines] == [image.path for image in project.images.images]
    assert (lines[0]["area_px2"], lines[0]["area_nm2"], lines[0]["diameter_nm"]) == ("60", "240", "17.4")
    assert (lines[0]["pixel_size_nm"], lines[0]["info_bar_rows"]) == ("2", "3")
    assert (lines[1]["area_px2"], lines[1]["area_nm2"]) == ("60", "")
    assert (lines[2]["defects"], lines[2]["voltage_kv"]) == ("", "5")


def test_medians_of_a_cluster_prefer_nanometres(tmp_path: Path) -> None:
    project = observed(tmp_path / "lot")
    medians = cluster_medians(project)
    assert len(medians) == len(project.partition.clusters)
    known = [middle for _, middle, _ in medians if middle is not None]
    assert [(m.unit, m.area, m.defects) for m in known] == [("nm", 240.0, 2)]


@pytest.fixture
def lot(tmp_path: Path) -> Path:
    folder = tmp_path / "lot"
    folder.mkdir()
    kinds = ("small-particle", "pit", "clean")
    for index in range(9):
        pixels = render(KINDS[kinds[index % 3]], np.random.default_rng(index))
        Image.fromarray(pixels).save(folder / f"plain-{index}.png")
        Image.fromarray(with_bar(pixels, 24, 0, 255)).save(folder / f"barred-{index}.png")
    return folder


def test_a_bar_makes_no_difference_to_features_and_measurements(lot: Path, tmp_path: Path) -> None:
    found = run(lot, tmp_path / "s")
    images, half = found.images.images, len(found.images) // 2
    assert [image.info_bar for image in images] == [24] * half + [0] * half
    for name, block in found.features.blocks.items():
        np.testing.assert_array_equal(block[:half], block[half:], err_msg=name)
    assert [i.measured for i in images[:half]] == [i.measured for i in images[half:]]
    assert [i.measured.defects for i in images[half:] if i.measured] == [1, 1, 0] * 3
    kept = run(lot, tmp_path / "s", Preprocessing(info_bar="off"))
    assert not any(image.info_bar for image in kept.images.images)
    assert not np.allclose(kept.features.blocks["haralick"][:half], kept.features.blocks["haralick"][half:])


def test_each_processing_has_vectors_of_its_own_and_measures_once(lot: Path, tmp_path: Path) -> None:
    plain = run(lot, tmp_path / "s")
    smooth = run(lot, tmp_path / "s", Preprocessing(denoise="median"))
    assert (plain.computed, smooth.computed) == (18, 18)
    assert not np.allclose(plain.features.blocks["haralick"], smooth.features.blocks["haralick"])
    np.testing.assert_array_equal(plain.features.blocks["outline"], smooth.features.blocks["outline"])
    assert [i.measured for i in plain.images.images] == [i.measured for i in smooth.images.images]
    for processing in (None, Preprocessing(denoise="median")):
        assert run(lot, tmp_path / "s", processing).computed == 0


def test_rescaling_follows_side_files(tmp_path: Path) -> None:
    lot = tmp_path / "lot"
    lot.mkdir()
    pixels = render(KINDS["pit"], np.random.default_rng(0))
    tifffile.imwrite(lot / "a.tif", pixels)
    tifffile.imwrite(lot / "b.tif", pixels)
    (lot / "a.txt").write_text("[SemImageFile]\nPixelSize=2\n")
    wanted = Preprocessing(rescale_nm=4.0)
    before = run(lot, tmp_path / "s", wanted)
    assert not np.allclose(*before.features.blocks["zernike"])
    assert before.images.images[0].measured is not None
    assert before.images.images[0].measured.unit == "nm"
    (lot / "a.txt").write_text("[SemImageFile]\nPixelSize=4\n")
    after = run(lot, tmp_path / "s", wanted)
    assert not np.allclose(before.features.blocks["zernike"][0], after.features.blocks["zernike"][0])
    np.testing.assert_array_equal(before.features.blocks["zernike"][1], after.features.blocks["zernike"][1])


def test_measurements_cost_nothing_the_second_time(
    lot: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = run(lot, tmp_path / "s")

    def never(*_: object) -> None:
        raise AssertionError("measured again")

    monkeypatch.setattr("defect_workbench.engine.measurement.defects.find", never)
    assert run(lot, tmp_path / "s").images == first.images


def test_measurements_are_all_there_for_any_image_set(tmp_path: Path) -> None:
    (tmp_path / "lot").mkdir()
    picture(0).save(tmp_path / "lot" / "noise.png")
    images: ImageSet = run(tmp_path / "lot", tmp_path / "s").images
    measured = images.images[0].measured
    assert measured is not None
    assert len(measured.numbers()) == len(NUMBERS)
