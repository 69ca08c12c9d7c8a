"""Whether the packages that the program is made of can be imported."""

from __future__ import annotations

from importlib import import_module

from defect_workbench.workflows.self_check.check import Finding, Machine, SelfCheck, failed, ok

PARTS = {
    "images": ("PIL.Image", "tifffile", "imagecodecs", "skimage.restoration"),
    "features": ("numpy", "mahotas.features", "safetensors"),
    "clustering": ("scipy.cluster.hierarchy", "sklearn.cluster", "fastcluster", "threadpoolctl"),
    "feature store": ("pyarrow.parquet", "filelock", "platformdirs"),
    "reports and slides": ("jinja2", "matplotlib.figure", "reportlab.platypus", "pptx", "xlsxwriter"),
    "tables and boxes": ("openpyxl", "pycocotools.cocoeval", "tomli_w"),
    "downloads": ("pooch", "requests"),
}


def _run(machine: Machine) -> Finding:
    lines = []
    for part, modules in PARTS.items():
        for module in modules:
            try:
                import_module(module)
            except Exception as error:
                first = (str(error).strip().splitlines() or [type(error).__name__])[0][:200]
                lines.append(f"{part}: {module} cannot be loaded ({first})")
    if lines:
        return failed(*lines, remedy="install the program again, with the versions that it asks for")
    return ok(f"those for {', '.join(PARTS)} can be loaded")


ENTRY = SelfCheck("packages", "Packages", _run)
