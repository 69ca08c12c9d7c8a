"""Whether there is a graphics card that computes."""

from __future__ import annotations

from defect_workbench.workflows.self_check.check import Finding, Machine, SelfCheck, failed, ok


def _run(machine: Machine) -> Finding:
    from defect_workbench.engine.backbone.torch_import import load_torch

    load_torch()
    import torch

    built = torch.version.cuda
    if not torch.cuda.is_available():
        why = "torch is a CPU build" if built is None else f"torch is built for CUDA {built} and finds none"
        return ok(f"none that can be used ({why}); the network runs on the processor")
    names = [torch.cuda.get_device_name(index) for index in range(torch.cuda.device_count())]
    lines = (f"{', '.join(names)}, CUDA {built}; the network runs there in fp16",)
    try:
        total = float(torch.ones(8, device="cuda").sum())
    except RuntimeError as error:
        reason = str(error).strip().splitlines()[0]
        return failed(
            *lines, reason, remedy="update the driver, or set CUDA_VISIBLE_DEVICES to nothing to do without"
        )
    return ok(*lines) if total == 8 else failed(*lines, f"it adds eight ones to {total:g}")


ENTRY = SelfCheck("graphics_card", "Graphics card", _run)
