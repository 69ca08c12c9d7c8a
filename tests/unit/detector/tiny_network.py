"""A detector that is trained within seconds, in place of the real one."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import Any, cast

import pytest
import torch
from torch import nn

from defect_workbench.engine.backbone.checkpoint import Checkpoint, Variant
from defect_workbench.engine.backbone.pretrained.library import WeightsLibrary
from defect_workbench.engine.backbone.torchvision_gate import load_detection
from defect_workbench.engine.detector import (
    detector_network,
    detector_training,
    held_out_images,
    trained_finder,
    training_plan,
)


def random_weights() -> dict[str, torch.Tensor]:
    """Return the tensors of a ResNet-50 that nobody trained."""
    from defect_workbench.engine.backbone.torchvision_gate import resnet50

    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(1)
        state: dict[str, torch.Tensor] = resnet50(weights=None).state_dict()
    return state


def tiny_network(checkpoint: Checkpoint, labels: int) -> nn.Module:
    """Return a detector of the same kind with a backbone of one layer."""
    parts = load_detection()
    backbone: Any = nn.Sequential(nn.Conv2d(3, 4, 8, stride=8))
    backbone.out_channels = 4
    network = parts.FasterRCNN(
        backbone,
        rpn_anchor_generator=parts.AnchorGenerator(((16, 32),), ((1.0,),)),
        box_roi_pool=parts.MultiScaleRoIAlign(["0"], 2, 2),
        box_head=nn.Sequential(nn.Flatten(), nn.Linear(16, 8)),
        box_predictor=import_module("torchvision.models.detection.faster_rcnn").FastRCNNPredictor(
            8, labels + 1
        ),
    )
    network.transform = detector_network._NoTransform()
    return cast("nn.Module", network)


def use_tiny_network(monkeypatch: pytest.MonkeyPatch, crops: int) -> None:
    """Let all detectors of a test be tiny, begin with random weights, and see so many crops in training."""
    checkpoint = Checkpoint("random", Variant.TORCHVISION, "0" * 64, random_weights())

    def load(variant: Variant, labels: int, tensors: Mapping[str, Any]) -> nn.Module:
        network = tiny_network(checkpoint, labels)
        network.load_state_dict({name: torch.from_numpy(each).float() for name, each in tensors.items()})
        return network.eval()

    monkeypatch.setattr(detector_training, "build_detector", tiny_network)
    monkeypatch.setattr(held_out_images, "load_detector", load)
    monkeypatch.setattr(trained_finder, "load_detector", load)
    monkeypatch.setattr(training_plan, "_CROPS", crops)
    monkeypatch.setattr(WeightsLibrary, "obtain", lambda *_, **__: checkpoint)
