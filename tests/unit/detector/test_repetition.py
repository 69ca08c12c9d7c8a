"""What repeats in an image is less likely a defect."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from defect_workbench.core.arrays import Pixels
from defect_workbench.core.detector.trained_detector import DetectorFacts, DetectorSettings, TrainedDetector
from defect_workbench.engine.backbone.checkpoint import Variant
from defect_workbench.engine.detector import held_out_images
from defect_workbench.engine.detector.held_out_images import HeldOut, with_threshold
from defect_workbench.engine.detector.prediction import predict
from defect_workbench.engine.detector.repetition import differences, rescored
from defect_workbench.engine.detector.training_crops import KeptPlanes, MarkedImage

# Corners of an L that is drawn in several positions, and of a place where it has a gap.
PLACES = [(20, 20), (100, 20), (20, 100), (180, 140)]
ODD = 3
SIDE = 24


def _layout() -> Pixels:
    """Return four Ls, the second one mirrored and the third one transposed; the last one has a gap."""
    shape = np.full((SIDE, SIDE), 40, np.uint8)
    shape[3:20, 4:8] = 220
    shape[16:20, 4:21] = 220
    with_gap = shape.copy()
    with_gap[8:13, 4:8] = 40
    image = np.full((200, 240), 40, np.uint8)
    for (x, y), part in zip(PLACES, [shape, shape[:, ::-1], shape.T, with_gap], strict=True):
        image[y : y + SIDE, x : x + SIDE] = part
    noise = np.random.default_rng(1).normal(0, 2, image.shape)
    return np.repeat(np.clip(image + noise, 0, 255).astype(np.uint8)[:, :, None], 3, axis=2)


BOXES = np.array([(x, y, x + SIDE, y + SIDE) for x, y in PLACES], float)


def test_a_structure_that_repeats_in_any_position_differs_little() -> None:
    values = differences(_layout()[:, :, 0].astype(np.float32), BOXES)
    assert (values[:ODD] < 0.15).all()
    assert values[ODD] > 4 * values[:ODD].max()


def test_contrast_does_not_matter() -> None:
    grey = _layout()[:, :, 0].astype(np.float32)
    faint = (50 + grey / 4).astype(np.float32)
    assert differences(faint, BOXES) == pytest.approx(differences(grey, BOXES), abs=1e-3)


def test_a_box_with_nothing_to_compare_keeps_its_score() -> None:
    planes = _layout()
    boxes = np.array([(5, 5, 6, 7), (0, 0, 240, 200)], float)
    assert np.isnan(differences(planes[:, :, 0].astype(np.float32), boxes)).all()
    np.testing.assert_allclose(rescored(np.array([0.3, 0.8]), planes, boxes, 4.0), [0.3, 0.8])


def test_certain_scores_stay_between_0_and_1() -> None:
    scores = rescored(np.array([1.0, 1.0, 1e-9, 1.0]), _layout(), BOXES, 100.0)
    assert ((scores >= 0) & (scores <= 1)).all()
    assert scores[ODD] > scores[:2].max()


class _Known(nn.Module):
    """Finds an object at each of `BOXES` with the same score, in the image as it is and upside down."""

    def forward(self, batch: torch.Tensor) -> list[dict[str, torch.Tensor]]:
        height, width = batch.shape[-2:]
        boxes = torch.from_numpy(BOXES).float()
        # The corner of the image above the first L is marked.
        if not float(batch[0, 0, 0, 0]) > float(batch[0, 0, -1, -1]):
            boxes = torch.tensor([width, height, width, height]) - boxes[:, [2, 3, 0, 1]]
        ones = torch.ones(len(boxes))
        return [{"boxes": boxes, "labels": ones.long(), "scores": 0.9 * ones}]


def _planes() -> Pixels:
    planes = _layout()
    planes[0, 0] = 255
    return planes


def test_an_image_that_is_also_searched_upside_down_has_its_boxes_in_place() -> None:
    prediction = predict(_Known(), Variant.CAFFE, _planes(), torch.device("cpu"), turned=True)
    np.testing.assert_allclose(sorted(prediction.boxes.tolist()), sorted(BOXES.tolist()))
    np.testing.assert_allclose(prediction.scores, 0.9, rtol=1e-6)


def test_what_does_not_repeat_is_the_likeliest() -> None:
    prediction = predict(_Known(), Variant.CAFFE, _planes(), torch.device("cpu"), repetition=4.0)
    np.testing.assert_allclose(prediction.boxes[0], BOXES[ODD])
    assert (np.diff(prediction.scores) <= 0).all()
    assert prediction.scores[0] == pytest.approx(0.9)
    assert prediction.scores[1] < 0.5


@pytest.mark.parametrize(
    ("defects", "with_references", "expected"),
    [([ODD], False, 4.0), ([0, 1, 2], False, 0.0), ([ODD], True, 0.0)],
)
def test_repetition_counts_unless_marked_defects_repeat(
    defects: list[int], with_references: bool, expected: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(held_out_images, "load_detector", lambda *_: _Known())
    image = MarkedImage("a", BOXES[defects], np.ones(len(defects), np.intp), (200, 240))
    held_out = HeldOut(("pit",), [image, image], KeptPlanes(lambda _: _planes()))
    settings = DetectorSettings(("pit",), 1.0, with_references, Variant.CAFFE.value)
    detector = TrainedDetector(settings, DetectorFacts(2, 2, {}, 1.0, 1.0, 0, "", ""), {})
    chosen = with_threshold(detector, held_out).settings
    assert chosen.repetition == expected
    assert chosen.turned is not with_references
