"""Whether torchvision's compiled operators fit torch."""

from __future__ import annotations

from defect_workbench.workflows.self_check.check import Finding, Machine, SelfCheck, ok


def _run(machine: Machine) -> Finding:
    from defect_workbench.engine.backbone.torch_import import load_torch

    load_torch()
    import torch

    from defect_workbench.engine.backbone.torchvision_gate import has_compiled_operators, torchvision

    versions = f"torch {torch.__version__}, torchvision {torchvision.__version__}"
    if has_compiled_operators():
        return ok(f"{versions}; compiled operators")
    return ok(
        f"{versions}; the program's own operators, as the compiled ones belong to another build of torch",
        "they give the same features and boxes; only trained detectors are slower with them",
    )


ENTRY = SelfCheck("network_operators", "Network code", _run)
