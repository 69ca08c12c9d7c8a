"""What every feature block must satisfy, and what registering one is enough for."""

import json
from pathlib import Path

import numpy as np
import pytest

from defect_workbench.app.document.workbench_document import Document
from defect_workbench.cli import build_parser
from defect_workbench.commands.cluster import weights_json
from defect_workbench.core.arrays import Pixels, Vectors
from defect_workbench.core.clustering.clustering_result import Settings
from defect_workbench.core.clustering.feature_blocks import FORMER_NAMES
from defect_workbench.core.images.preprocessing_steps import Preprocessing
from defect_workbench.core.progress import SilentReporter
from defect_workbench.core.project.decisions import Decisions
from defect_workbench.core.project.project_state import Project
from defect_workbench.engine.backbone.pretrained import WeightsLibrary
from defect_workbench.engine.classifier.data.augmentation import Augmentation
from defect_workbench.engine.classifier.data.augmented_features import AugmentationSpec, AugmentedExtractor
from defect_workbench.engine.clustering.group import analyse
from defect_workbench.engine.extraction.extractor import Extraction, extract
from defect_workbench.engine.features.block import Block, ImageArray, Input
from defect_workbench.engine.features.identity import NetworkInUse, block_identity, feature_identity
from defect_workbench.engine.features.registry import BLOCKS, find_block, short_label
from defect_workbench.engine.input.scan import scan
from defect_workbench.gui.dendrogram.grouping_panel import GroupingPanel
from defect_workbench.storage.session.session_file import load_session, save_session
from defect_workbench.storage.vectors.feature_store import FeatureStore
from defect_workbench.user_dirs import UserDirs
from defect_workbench.workflows.run_info import report_facts
from tests.builders import BACKBONE, made_lot

NETWORK = NetworkInUse("made-up weights", "0" * 64, "caffe", "fp32", "cpu")
blocks = pytest.mark.parametrize("block", BLOCKS, ids=lambda block: block.name)
computed = pytest.mark.parametrize(
    "block", [block for block in BLOCKS if block.function is not None], ids=lambda block: block.name
)
extracted_blocks = pytest.mark.parametrize(
    "block", [block for block in BLOCKS if block.in_extraction], ids=lambda block: block.name
)


def pictures(block: Block, count: int) -> list[ImageArray]:
    rng = np.random.default_rng(0)
    if block.input is Input.MASK:
        return [rng.random((40 + i, 60)) < 0.3 for i in range(count)]
    return [rng.integers(0, 256, (224, 224), dtype=np.uint8) for _ in range(count)]


@blocks
def test_entry_can_be_shown_and_stored(block: Block) -> None:
    assert block.name.isidentifier()
    assert block.name not in {"why", *FORMER_NAMES}
    assert block.label
    assert block.label.startswith(block.short_label)
    assert block.default_weight >= 0
    assert block.weight_without_network == 0 or not block.by_network
    assert (block.function is None) == (block.by_network or not block.in_extraction)
    assert block.by_network or not block.description


@extracted_blocks
def test_identity_depends_on_preprocessing_and_version(block: Block) -> None:
    identity = block_identity(block, Preprocessing(), NETWORK)
    assert json.loads(json.dumps(identity)) == identity
    denoised = block_identity(block, Preprocessing(denoise="median"), NETWORK)
    assert (identity != denoised) == block.of_whole_image
    assert identity != block_identity(block, Preprocessing(info_bar="off"), NETWORK)
    assert identity != block_identity(block, Preprocessing(), NETWORK, view="turned")
    if not block.by_network:
        assert block.version
        assert feature_identity({}, None, Preprocessing())["extractors"][block.name] == block.version


@computed
def test_vectors_are_finite_repeatable_and_independent_of_the_batch(block: Block) -> None:
    given = pictures(block, 5)
    found = block.vectors(given)
    assert found.dtype == np.float32
    assert found.ndim == 2
    assert len(found) == 5
    assert np.isfinite(found).all()
    np.testing.assert_array_equal(found, block.vectors(given))
    np.testing.assert_allclose(found[3:4], block.vectors(given[3:4]), rtol=1e-6, atol=1e-9)


@computed
def test_blank_pictures_have_finite_vectors(block: Block) -> None:
    for given in pictures(block, 1):
        assert np.isfinite(block.vectors([np.zeros_like(given)])).all()


@computed
def test_vectors_that_are_called_turn_invariant_are(block: Block) -> None:
    (given,) = pictures(block, 1)
    turned = [np.ascontiguousarray(turn) for turn in (np.rot90(given), given[:, ::-1], given.T)]
    found = block.vectors([given])
    if block.turn_invariant:
        for picture in turned:
            np.testing.assert_allclose(block.vectors([picture]), found, rtol=1e-3, atol=1e-5)


def test_names_of_earlier_versions_are_found() -> None:
    assert find_block("shape") is BLOCKS["outline"]


# A new block


def brightness(grey: Pixels) -> Vectors:
    return np.array([grey.mean(), grey.std(), grey[:112].mean()], np.float32)


DUMMY = Block("brightness", "Brightness (mean)", "Brightness", "v1", Input.GREY, brightness)


def extracted(lot: Path) -> Extraction:
    store, library = FeatureStore(lot.parent / "store"), WeightsLibrary(lot.parent / "none")
    return extract(scan(lot, SilentReporter()), store, library, SilentReporter(), offline=True)


def grouped(found: Extraction) -> Project:
    analysis = analyse(found.features, Settings(), SilentReporter())
    return Project(found.images, analysis, 3, Decisions.none(len(found.images)))


def test_new_block_is_in_features_and_store_and_the_rest_is_not_computed_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lot = made_lot(tmp_path / "lot")
    before = extracted(lot)
    parts = sorted((tmp_path / "store").glob("haralick-*/part-*"))
    with BLOCKS.including(DUMMY):
        after = extracted(lot)
        assert after.computed == 12
        assert after.features.blocks["brightness"].shape == (12, 3)
        assert list((tmp_path / "store").glob("brightness-*/identity.json"))
        assert sorted((tmp_path / "store").glob("haralick-*/part-*")) == parts
        assert extracted(lot).computed == 0
        # Unlike texture, it changes when an image is turned.
        library = WeightsLibrary(tmp_path / "none")
        views = AugmentedExtractor(
            FeatureStore(tmp_path / "store"), library, Preprocessing(), SilentReporter()
        )
        turned = views.features(
            after.images, after.features, AugmentationSpec(Preprocessing(), Augmentation(turn=2))
        )
        assert not np.array_equal(turned.blocks["brightness"], after.features.blocks["brightness"])
        assert np.array_equal(turned.blocks["haralick"], after.features.blocks["haralick"])
    assert extracted(lot).computed == 0
    assert set(before.features.blocks) == {block.name for block in BLOCKS if block.function}


def test_new_block_is_in_json_report_and_session(tmp_path: Path) -> None:
    lot = made_lot(tmp_path / "lot")
    with BLOCKS.including(DUMMY):
        project = grouped(extracted(lot))
        assert weights_json(project.analysis.weights)["brightness"] == 0
        assert f"{DUMMY.label} 0" in report_facts(project)["Block weights"]
        assert (
            "brightness" in feature_identity(project.analysis.blocks, BACKBONE, Preprocessing())["extractors"]
        )
        save_session(tmp_path / "a.dwb", project)
    assert load_session(tmp_path / "a.dwb").analysis.blocks["brightness"].shape == (12, 3)


def test_new_block_is_on_the_command_line(places: UserDirs, capsys: pytest.CaptureFixture[str]) -> None:
    with BLOCKS.including(DUMMY):
        parser = build_parser(places)
        with pytest.raises(SystemExit):
            parser.parse_args(["cluster", "--help"])
    assert "brightness" in capsys.readouterr().out


def test_new_block_is_in_the_form_of_weights_and_the_evidence_bars(qapp: object) -> None:
    with BLOCKS.including(DUMMY):
        panel = GroupingPanel(Document())
        assert panel.sliders["brightness"].accessibleName() == "Weight of Brightness (mean)"
        assert short_label("brightness") == "Brightness"
    assert short_label("brightness") == "brightness"
