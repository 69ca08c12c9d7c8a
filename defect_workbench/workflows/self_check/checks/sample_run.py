"""The way of an image through the program: drawn, written, read, measured, described, stored."""

from __future__ import annotations

import time

from defect_workbench.core.errors import WorkbenchError
from defect_workbench.workflows.self_check.check import Finding, Machine, SelfCheck, failed, limited, ok

_SIDE = 160


def _run(machine: Machine) -> Finding:
    import numpy as np
    from PIL import Image

    from defect_workbench.core.progress import SilentReporter
    from defect_workbench.workflows.extract import FeatureOptions, extract_folder
    from defect_workbench.workflows.klarf.image_listing import ImageSource

    folder = machine.scratch / "images"
    folder.mkdir()
    rows, columns = np.mgrid[:_SIDE, :_SIDE]
    noise = np.random.default_rng(0).normal(0, 4, (_SIDE, _SIDE))
    for radius in (12, 25):
        spot = (rows - 80) ** 2 + (columns - 70) ** 2 < radius**2
        Image.fromarray((120 + 70 * spot + noise).astype(np.uint8)).save(folder / f"spot-{radius}.png")

    options = FeatureOptions(machine.scratch / "features", machine.places.weights, offline=True)
    started = time.perf_counter()
    try:
        extraction = extract_folder(ImageSource(folder), options, SilentReporter()).extraction
    except WorkbenchError as error:
        return failed(str(error), remedy="see the lines above; if they are all in order, install again")
    seconds = time.perf_counter() - started
    blocks = extraction.features.blocks
    bad = [name for name, block in blocks.items() if not np.isfinite(block).all() or len(block) != 2]
    alike = [name for name in {"deep", "haralick"} & set(blocks) if not np.ptp(blocks[name], axis=0).any()]
    sizes = ", ".join(f"{name} {block.shape[1]:,}" for name, block in blocks.items())
    if bad or alike:
        return failed(
            f"features that are not finite or do not differ between images: {', '.join(bad + alike)}",
            remedy="report this page; the results of this machine are wrong",
        )
    backbone = extraction.features.backbone
    line = f"2 images described in {seconds:.1f} s, numbers finite ({sizes})"
    if backbone is None:
        return limited(line, "without the network, as there are no weights")
    return ok(line, f"network in {backbone.precision} on {backbone.device}")


ENTRY = SelfCheck("sample_run", "Sample run", _run)
