import importlib
import subprocess
import sys
from types import ModuleType

import pytest
import torch

from defect_workbench.engine.backbone.checkpoint import Checkpoint, Variant
from defect_workbench.engine.backbone.resnet50 import build_resnet
from defect_workbench.engine.backbone.torchvision_gate import without_compiler

_CHECK = """
import gc, sys
from defect_workbench.engine.backbone.torch_import import load_torch
assert "torch" not in sys.modules
load_torch()
assert gc.isenabled()
import torch
from defect_workbench.engine.backbone.resnet50 import shapes
assert shapes()["conv1.weight"] == (64, 3, 7, 7)
assert "torchvision" in sys.modules
assert "torch._dynamo" not in sys.modules, "torch's compiler"
print(float(torch.ones(3).sum()))
"""


@pytest.mark.e2e
def test_torch_is_loaded_once_without_its_compiler_and_garbage_is_collected_again() -> None:
    done = subprocess.run([sys.executable, "-c", _CHECK], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "3.0"


def test_the_compiler_is_loaded_when_it_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    name = "torch._dynamo.utils"
    monkeypatch.delitem(sys.modules, name, raising=False)
    with without_compiler():
        stand_in = importlib.import_module(name)
        assert not hasattr(stand_in, "__file__")
    assert name not in sys.modules
    real = ModuleType(name)
    vars(real).update(is_compile_supported=lambda device: device == "cuda", counters=3)
    monkeypatch.setitem(sys.modules, name, real)
    assert stand_in.is_compile_supported("cuda")
    assert not stand_in.is_compile_supported("cpu")
    assert stand_in.counters == 3
    with without_compiler():
        assert sys.modules[name] is real


def test_random_weights_are_drawn_only_for_a_seed_that_must_give_what_it_gave() -> None:
    nothing = Checkpoint("", Variant.TORCHVISION, "", {})
    before = torch.random.get_rng_state()
    build_resnet(nothing)
    assert torch.equal(torch.random.get_rng_state(), before)
    build_resnet(nothing, draw=True)
    assert not torch.equal(torch.random.get_rng_state(), before)
