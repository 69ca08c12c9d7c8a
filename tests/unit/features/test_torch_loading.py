import subprocess
import sys

import pytest

_CHECK = """
import gc, sys
from defect_workbench.engine.backbone.torch_import import load_torch
assert "torch" not in sys.modules
load_torch()
assert gc.isenabled()
import torch
print(float(torch.ones(3).sum()))
"""


@pytest.mark.e2e
def test_torch_is_loaded_once_and_garbage_is_collected_again() -> None:
    done = subprocess.run([sys.executable, "-c", _CHECK], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "3.0"
