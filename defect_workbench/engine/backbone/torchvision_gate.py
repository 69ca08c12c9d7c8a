"""The only module that imports torchvision.

A torchvision built against CUDA cannot load its compiled operators with a CPU-only torch, and
`import torchvision` then fails while it registers shapes for the missing operators. Only those operators
need the registrations, so an empty module in their place lets the rest be imported. If torch and torchvision
match, nothing is replaced.

torchvision also loads torch's compiler, for a function that only its detectors call on a GPU. That takes half
of the time of both imports, so a stand-in loads it when it is called.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import Any, NamedTuple

_REGISTRATIONS = "torchvision._meta_registrations"
_COMPILER = "torch._dynamo.utils"


@contextmanager
def without_compiler() -> Iterator[None]:
    """Replace a module of torch's compiler by one that loads it on first use, unless it is loaded."""
    if _COMPILER in sys.modules:
        yield
        return
    stand_in = ModuleType(_COMPILER)

    def attribute(name: str) -> Any:
        # `inspect` asks all modules for their file.
        if name.startswith("__"):
            raise AttributeError(name)
        if sys.modules.get(_COMPILER) is stand_in:
            del sys.modules[_COMPILER]
        return getattr(importlib.import_module(_COMPILER), name)

    def is_compile_supported(device: str) -> bool:
        return bool(attribute("is_compile_supported")(device))

    vars(stand_in).update(is_compile_supported=is_compile_supported, __getattr__=attribute)
    sys.modules[_COMPILER] = stand_in
    try:
        yield
    finally:
        if sys.modules.get(_COMPILER) is stand_in:
            del sys.modules[_COMPILER]


def _import() -> ModuleType:
    import torch  # noqa: F401

    with without_compiler():
        return _import_torchvision()


def _import_torchvision() -> ModuleType:
    try:
        import torchvision
    except RuntimeError as error:
        if "torchvision::" not in str(error):
            raise
        for name in [n for n in sys.modules if n.split(".")[0] == "torchvision"]:
            del sys.modules[name]
        sys.modules[_REGISTRATIONS] = ModuleType(_REGISTRATIONS)
        import torchvision
    module: ModuleType = torchvision
    return module


torchvision = _import()

from torchvision.models import ResNet50_Weights, resnet50  # noqa: E402
from torchvision.models.resnet import Bottleneck, ResNet  # noqa: E402


class DetectionParts(NamedTuple):
    """The classes of torchvision that a detector is made of."""

    FasterRCNN: Any
    BackboneWithFPN: Any
    AnchorGenerator: Any
    MultiScaleRoIAlign: Any
    ImageList: Any


__all__ = [
    "Bottleneck",
    "DetectionParts",
    "ResNet",
    "ResNet50_Weights",
    "has_compiled_operators",
    "load_detection",
    "resnet50",
    "torchvision",
]


def has_compiled_operators() -> bool:
    """Whether torchvision's compiled operators can be loaded with this torch."""
    from torchvision.extension import _has_ops

    return bool(_has_ops())


def load_detection() -> DetectionParts:
    """Return torchvision's parts of detectors; missing operators are replaced by those of `roi_operators`."""
    import torchvision.ops
    from torchvision.models.detection import FasterRCNN
    from torchvision.models.detection.backbone_utils import BackboneWithFPN
    from torchvision.models.detection.image_list import ImageList
    from torchvision.models.detection.rpn import AnchorGenerator

    if not has_compiled_operators():
        from defect_workbench.engine.backbone import roi_operators

        torchvision.ops.boxes.nms = roi_operators.nms
        torchvision.ops.poolers.roi_align = roi_operators.roi_align
    return DetectionParts(
        FasterRCNN, BackboneWithFPN, AnchorGenerator, torchvision.ops.MultiScaleRoIAlign, ImageList
    )
