"""Print how large a bundle is and which packages make it so: `python state_size.py FOLDER`."""

import sys
from collections import Counter
from pathlib import Path

MEGABYTE = 1_000_000
SHOWN = 14
REASONS = {
    "torch": "the network; its CPU library alone is about 400 MB. A CUDA build is several GB",
    "defect_workbench": "the program with the ResNet-50 weights and the sample set",
    "PySide6": "Qt, for the window",
    "pyarrow": "tables of the feature store",
    "scipy": "distances, images",
    "sklearn": "clustering",
    "pandas": "the extra afm",
    "imagecodecs": "compressed TIFF and other images",
}


def part_of(file: Path, folder: Path) -> str:
    """Return the package that a file of the bundle belongs to."""
    parts = file.relative_to(folder).parts
    if parts[0] != "_internal":
        return "starter with the program's Python modules" if len(parts) == 1 else parts[0]
    if len(parts) == 2:
        return "libraries of the system and of Python"
    return parts[1].removesuffix(".libs")


def main() -> int:
    """Return the exit code."""
    folder = Path(sys.argv[1])
    sizes: Counter[str] = Counter()
    for file in folder.rglob("*"):
        if file.is_file() and not file.is_symlink():
            sizes[part_of(file, folder)] += file.stat().st_size
    print(f"{folder}: {sum(sizes.values()) / MEGABYTE:,.0f} MB")
    for name, size in sizes.most_common(SHOWN):
        reason = f"  {REASONS[name]}" if name in REASONS else ""
        print(f"{size / MEGABYTE:8,.0f} MB  {name}{reason}")
    rest = sum(size for _, size in sizes.most_common()[SHOWN:])
    print(f"{rest / MEGABYTE:8,.0f} MB  {len(sizes) - min(len(sizes), SHOWN)} more")
    return 0


if __name__ == "__main__":
    sys.exit(main())
