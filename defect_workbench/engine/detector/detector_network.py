"""The network of the detector: torchvision's Faster R-CNN on our ResNet-50.

Sources: S. Ren et al., "Faster R-CNN", NeurIPS (2015); T.-Y. Lin et al., "Feature pyramid networks for object
detection", CVPR (2017). The pyramid begins at a stride of 8 instead of 4, which makes a step three times as
fast; images are enlarged instead where defects are small.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from defect_workbench.core.detector.trained_detector import Tensors
from defect_workbench.engine.backbone.checkpoint import Checkpoint, Variant
from defect_workbench.engine.backbone.embedder import multiplies_bf16
from defect_workbench.engine.backbone.resnet50 import build_resnet, fold_batch_norms, normalise
from defect_workbench.engine.backbone.torchvision_gate import load_detection

# Stem and first block detect edges of any kind, and stay as they are.
TRAINED_BLOCKS = ("layer2", "layer3", "layer4")
# One for each level of the pyramid; the smaller of two sizes is half of it.
_ANCHORS = (32, 64, 128, 256)
_RATIOS = (0.5, 1.0, 2.0)
_CHANNELS, _GRID, _SAMPLES = 256, 7, 2
# Scores below this are noise. An image, or a tile of a large one, yields at most this many defects.
LEAST_SCORE, _MOST_DEFECTS = 0.05, 500


def build_detector(checkpoint: Checkpoint, labels: int) -> nn.Module:
    """Return the network to train, with the weights of ResNet-50 in its backbone and the rest random.

    Parameters
    ----------
    checkpoint : Checkpoint
    labels : int
        Number of the kinds of defects.
    """
    body = build_resnet(checkpoint, draw=True)
    return _assembled(body, labels)


def load_detector(variant: Variant, labels: int, tensors: Tensors) -> nn.Module:
    """Return a trained network, in evaluation mode.

    Raises
    ------
    ValueError
        If the tensors are not those of such a network.
    """
    network = _assembled(build_resnet(Checkpoint("", variant, "", {})), labels)
    state = {name: torch.from_numpy(np.array(each, np.float32)) for name, each in tensors.items()}
    try:
        network.load_state_dict(state)
    except RuntimeError as error:
        raise ValueError("the tensors of the detector do not fit its network") from error
    return network.eval()


def arrays_of(network: nn.Module) -> dict[str, Any]:
    """Return the tensors of a network in half precision, by name."""
    return {name: each.detach().cpu().half().numpy() for name, each in network.state_dict().items()}


def _assembled(body: Any, labels: int) -> nn.Module:
    parts = load_detection()
    fold_batch_norms(body)
    levels = {name: name for name in TRAINED_BLOCKS}
    backbone = parts.BackboneWithFPN(body, levels, [512, 1024, 2048], _CHANNELS)
    for name, parameter in backbone.body.named_parameters():
        parameter.requires_grad_(name.split(".")[0] in TRAINED_BLOCKS)
    network = parts.FasterRCNN(
        backbone,
        labels + 1,
        rpn_anchor_generator=parts.AnchorGenerator(
            tuple((side / 2, side) for side in _ANCHORS), (_RATIOS,) * len(_ANCHORS)
        ),
        box_roi_pool=parts.MultiScaleRoIAlign(list(TRAINED_BLOCKS), _GRID, _SAMPLES),
        rpn_pre_nms_top_n_train=600,
        rpn_pre_nms_top_n_test=1000,
        rpn_post_nms_top_n_train=400,
        rpn_post_nms_top_n_test=_MOST_DEFECTS,
        rpn_batch_size_per_image=128,
        box_batch_size_per_image=96,
        box_score_thresh=LEAST_SCORE,
        box_nms_thresh=0.4,
        box_detections_per_img=_MOST_DEFECTS,
    )
    # Images come normalised, and all of a batch in one size.
    network.transform = _NoTransform()
    assembled: nn.Module = network.to(memory_format=torch.channels_last)
    return assembled


class _NoTransform(nn.Module):
    """In place of torchvision's own resizing and normalisation."""

    def forward(self, images: Tensor, targets: Any = None) -> tuple[Any, Any]:
        return load_detection().ImageList(images, [tuple(images.shape[-2:])] * len(images)), targets

    def postprocess(self, result: Any, shapes: Any, original: Any) -> Any:
        return result


def batch_of(variant: Variant, planes: Sequence[Any], device: torch.device) -> Tensor:
    """Return the input of the network for images of one size.

    Parameters
    ----------
    planes : sequence of (height, width, 3) uint8

    Returns
    -------
    (n, 3, height, width) float32 Tensor
    """
    levels = torch.from_numpy(np.stack(planes)).to(device).permute(0, 3, 1, 2)
    return normalise(variant, levels).contiguous(memory_format=torch.channels_last)


def fast_arithmetic(device: torch.device) -> torch.autocast:
    """Return a context in which the network computes in bfloat16 where the machine has it."""
    if device.type == "cuda":
        fast = torch.cuda.is_bf16_supported()
    else:
        fast = multiplies_bf16()
    return torch.autocast(device.type, torch.bfloat16, enabled=fast)
