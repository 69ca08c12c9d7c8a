"""The only module that imports torchvision.

A torchvision built against CUDA does not load its compiled operators beside a CPU-only torch, and
`import torchvision` then dies while registering shapes for operators that are not there. Those
registrations concern only the missing operators, so an empty stand-in for that one module lets the
rest import. On a matching pair nothing is replaced.
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
