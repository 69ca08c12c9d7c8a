"""The only module that imports torchvision.

A torchvision built against CUDA cannot load its compiled operators with a CPU-only torch, and
`import torchvision` then fails while it registers shapes for the missing operators. Only those operators
need the registrations, so an empty module in their place lets the rest be imported. If torch and torchvision
match, nothing is replaced.
"""

from __future__ import annotations

import sys
from types import ModuleType

_REGISTRATIONS = "torchvision._meta_registrations"


def _import() -> ModuleType:
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

__all__ = ["Bottleneck", "ResNet", "ResNet50_Weights", "resnet50", "torchvision"]
