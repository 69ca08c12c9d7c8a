"""Images as a folder, as files, as arrays."""

from __future__ import annotations

import gc
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile
from PIL import Image

from defect_workbench.core.progress import SilentReporter
from defect_workbench.engine import Features, InputError, cluster, cut, export, extract
from defect_workbench.notebook.given_images import given_images
from tests.builders import made_lot
from tests.processes import table

pytestmark = pytest.mark.filterwarnings("ignore:there are no network weights")


def offline(images: Any, **options: Any) -> Features:
    return extract(images, weights="offline", **options)


def assert_equal_features(first: Features, second: Features) -> None:
    assert set(first.blocks) == set(second.blocks)
    for name, block in first.blocks.items():
        np.testing.assert_array_equal(block, second.blocks[name])


def test_files_and_arrays_have_the_features_of_their_folder(tmp_path: Path) -> None:
    folder = made_lot(tmp_path / "lot", 12)
    files = sorted(folder.glob("*.png"))
    arrays = [np.asarray(Image.open(file)) for file in files]
    expected = offline(folder)
    assert expected.folder == folder
    assert expected.paths == tuple(file.name for file in files)
    assert_equal_features(offline(reversed(files)), expected)
    assert_equal_features(offline(arrays), expected)
    assert_equal_features(offline(np.stack(arrays)), expected)


def test_arrays_of_other_types_are_scaled_like_files(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    arrays = [rng.normal(size=(40, 30)).astype(np.float32), rng.integers(0, 4000, (40, 30), np.uint16)]
    folder = tmp_path / "lot"
    folder.mkdir()
    for number, values in enumerate(arrays):
        tifffile.imwrite(folder / f"{number}.tif", values)
    assert_equal_features(offline(arrays), offline(folder))
    mask = rng.random((40, 30)) > 0.5
    assert_equal_features(offline([mask]), offline([mask.astype(np.uint8) * np.uint8(255)]))


def test_arrays_are_exported_and_their_folder_goes_with_the_last_object(tmp_path: Path) -> None:
    arrays = np.random.default_rng(1).integers(0, 256, (12, 32, 40), dtype=np.uint8)
    clustering = cluster(offline(arrays))
    gc.collect()
    assert clustering.folder.is_dir()
    export(clustering, tmp_path / "out", cut(clustering, 2))
    rows = table(tmp_path / "out" / "manifest.csv")
    assert [row["path"] for row in rows] == list(clustering.paths)
    exported = tmp_path / "out" / rows[7]["exported_as"]
    np.testing.assert_array_equal(np.asarray(Image.open(exported)), arrays[7])
    folder = clustering.folder
    del clustering
    gc.collect()
    assert not folder.exists()


def test_the_users_store_is_not_filled_with_arrays(home: Path) -> None:
    offline([np.zeros((30, 30), np.uint8), np.eye(30, dtype=np.uint8)])
    assert not (home / "features").exists()


@pytest.mark.parametrize(
    ("images", "words"),
    [
        ([], "no images were given"),
        (7, "not int"),
        (["a.png", np.zeros((3, 3))], "neither all paths nor all NumPy arrays"),
        (np.zeros((4, 5)), r"array 1 has the shape \(5,\)"),
        ([np.zeros((4, 5, 2))], r"array 1 has the shape \(4, 5, 2\)"),
        ([np.zeros((0, 5))], r"array 1 has the shape \(0, 5\)"),
        ([np.zeros((4, 5), complex)], "complex128 and not real"),
        ("nowhere", "there is no folder .*nowhere"),
        (["nowhere/a.png"], "no image in .* can be used .*a.png: it cannot be read"),
    ],
)
def test_images_that_are_none_are_refused(images: Any, words: str) -> None:
    with pytest.raises(InputError, match=words):
        offline(images)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"weights": "v3"}, "weights must be one of auto, offline"),
        ({"precision": "int8"}, "precision must be one of auto, fp32"),
        ({"denoise": "wiener"}, "the noise filter 'wiener'"),
        ({"info_bar": 0}, "the info bar must be"),
        ({"rescale_nm": "5"}, "not supported between"),
    ],
)
def test_an_impossible_option_is_named(tmp_path: Path, options: dict[str, Any], words: str) -> None:
    with pytest.raises(InputError, match=words):
        extract(tmp_path, **{"weights": "offline"} | options)


def test_rejected_files_have_reasons(tmp_path: Path) -> None:
    folder = made_lot(tmp_path / "lot", 3)
    (folder / "bad.png").write_bytes(b"not an image")
    features = offline(folder)
    assert len(features) == 3
    assert list(features.rejected) == ["bad.png"]
    assert "not an image" in features.rejected["bad.png"]
    assert repr(features).endswith("; 1 file rejected>")


def test_files_keep_the_order_in_which_they_were_given(tmp_path: Path) -> None:
    given = given_images([tmp_path / "b" / "2.png", tmp_path / "a" / "1.png"], SilentReporter())
    assert given.order == ("b/2.png", "a/1.png")
    assert given.listed.listing.root == tmp_path
