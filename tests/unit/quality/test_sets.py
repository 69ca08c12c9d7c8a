from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from defect_workbench.sample.synthetic import Look
from tests.quality import wafers, windows
from tests.quality.inventory import take_stock
from tests.quality.labelled import built_set, chosen_paths, subsample
from tests.quality.windows import Box, build_windows, read_boxes, window_around

TWO_BOARDS = {
    "0001": [(100, 100, 130, 120, 1), (500, 300, 520, 330, 5), (505, 310, 540, 350, 2)],
    "0002": [(4, 620, 20, 638, 6)],
}


def grey(path: Path) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    with Image.open(path) as image:
        return np.asarray(image)


@pytest.fixture
def boards(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two boards with the layout of DeepPCB; a defect is white on a random template."""
    monkeypatch.setattr(windows, "CLEAN_WINDOWS", 3)
    root, rng = tmp_path / "boards", np.random.default_rng(0)
    for folder in ("images", "templates", "boxes"):
        (root / folder).mkdir(parents=True)
    for name, boxes in TWO_BOARDS.items():
        template = np.kron(rng.integers(0, 100, (80, 80), np.uint8), np.ones((8, 8), np.uint8))
        board = template.copy()
        for left, top, right, bottom, _ in boxes:
            board[top:bottom, left:right] = 255
        Image.fromarray(template).save(root / "templates" / f"{name}.jpg", quality=95)
        Image.fromarray(board).save(root / "images" / f"{name}.jpg", quality=95)
        lines = [" ".join(map(str, box)) for box in boxes]
        (root / "boxes" / f"{name}.txt").write_text("\n".join(lines) + "\n")
    return root


def names_below(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*.png"))


def test_a_window_shows_one_defect_alone_and_has_its_reference_and_mask(boards: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    assert build_windows(boards, out) == 2
    expected = ["open/0001_00.png", "pin-hole/0002_00.png"]
    assert names_below(out / "images") == expected, "the two defects that overlap are in no window"
    assert names_below(out / "references") == names_below(out / "masks") == expected
    for name in expected:
        image, reference, mask = (grey(out / folder / name) for folder in ("images", "references", "masks"))
        assert image.shape == reference.shape == mask.shape == (160, 160)
        inside = mask == 255
        assert image[inside].min() > 200 > reference[inside].max()
        assert np.abs(image[~inside].astype(int) - reference[~inside]).mean() < 2
    assert inside.sum() == (20 - 4) * (638 - 620), "the mask is the box"
    assert len(names_below(out / "clean")) == windows.CLEAN_WINDOWS


def test_the_same_seed_gives_the_same_windows(boards: Path, tmp_path: Path) -> None:
    for target in ("a", "b"):
        build_windows(boards, tmp_path / target, seed=1)
    first, second = (sorted((tmp_path / target).rglob("*.png")) for target in ("a", "b"))
    assert [path.read_bytes() for path in first] == [path.read_bytes() for path in second]


def test_the_defect_is_up_to_40_pixels_from_the_centre_of_its_window() -> None:
    box = Box(300, 300, 320, 330, 1)
    corners = [window_around([box], 0, (640, 640), seed) for seed in range(200)]
    offsets = np.array([(310 - 80 - corner[0], 315 - 80 - corner[1]) for corner in corners if corner])
    assert len(offsets) == 200
    assert np.abs(offsets).max() == 40
    assert np.ptp(offsets, axis=0).min() > 70


def test_a_board_without_defects_has_no_boxes(tmp_path: Path) -> None:
    (tmp_path / "0.txt").write_text("\n")
    assert read_boxes(tmp_path / "0.txt") == []


@pytest.mark.parametrize("kind", wafers.KINDS)
def test_a_wafer_differs_from_its_reference_inside_the_mask_only(kind: str) -> None:
    look = Look(noise=(0.0, 0.0), contrast=(1.0, 1.0))
    made = wafers.wafer(kind, "lines", look, seed=3)
    assert made.mask.any() == (kind != "clean")
    difference = np.abs(made.image.astype(float) - made.reference)
    if kind != "clean":
        assert difference[made.mask].mean() > 2 * difference[~made.mask].mean()


def test_a_set_of_wafers_has_every_kind_on_every_background(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(wafers.LOOKS, "tiny", Look(size=48))
    monkeypatch.setattr(wafers, "CLEAN_PER_BACKGROUND", 1)
    assert wafers.build_wafers(tmp_path, "tiny", per_pair=1) == len(wafers.KINDS) * len(wafers.BACKGROUNDS)
    names = names_below(tmp_path / "images")
    assert names == names_below(tmp_path / "references") == names_below(tmp_path / "masks")
    assert {(name.split("/")[0], wafers.background_of(name)) for name in names} == {
        (kind, background) for kind in wafers.KINDS for background in wafers.BACKGROUNDS
    }
    assert len(names_below(tmp_path / "clean")) == len(wafers.BACKGROUNDS)


def test_an_interrupted_build_is_started_again(tmp_path: Path) -> None:
    def interrupted(folder: Path) -> None:
        (folder / "half").touch()
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        built_set(tmp_path / "set", interrupted)
    built = built_set(tmp_path / "set", lambda folder: (folder / "whole").touch())
    assert [path.name for path in built.iterdir()] == ["whole"]
    built_set(tmp_path / "set", interrupted)  # It exists, so it is not built again.


def test_missing_data_is_skipped_with_a_reason(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wafers, "LOOKS", {})
    few = tmp_path / "few"
    for name in ("a", "b"):
        (few / name).mkdir(parents=True)
        Image.fromarray(np.zeros((4, 4), np.uint8)).save(few / name / "1.png")
    inventory = take_stock(tmp_path / "absent", [few], tmp_path / "cache")
    assert inventory.sets == []
    assert set(inventory.skipped) == {"labelled sets", "deeppcb-windows", "few"}
    assert "fewer than 10" in inventory.skipped["few"]


def shares(paths: Sequence[str]) -> dict[str, int]:
    return {name: sum(path.startswith(name) for path in paths) for name in ("a/", "b/")}


def test_a_draw_keeps_the_shares_of_the_classes_and_is_contained_in_a_larger_one() -> None:
    paths = [f"a/{i}" for i in range(80)] + [f"b/{i}" for i in range(20)]
    ten, forty = chosen_paths(paths, 10), chosen_paths(paths, 40)
    assert set(ten) < set(forty) < set(paths)
    assert (shares(ten), shares(forty)) == ({"a/": 8, "b/": 2}, {"a/": 32, "b/": 8})
    assert chosen_paths(paths, 1000) == sorted(paths)


def test_a_subsample_keeps_the_share_of_each_class() -> None:
    labels = np.repeat([0, 1], [50, 10])
    rows = subsample(labels, 0.8, seed=0)
    assert np.bincount(labels[rows]).tolist() == [40, 8]
    assert rows.tolist() != subsample(labels, 0.8, seed=1).tolist()
