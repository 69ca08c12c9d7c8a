"""Put the ResNet-50 weights that a bundle carries into a folder, through the program's own library.

`python carry_weights.py FOLDER [FILE]`: from FILE on a closed network, otherwise downloaded and checked
against their published hashes. A folder that already has valid weights is left as it is.
"""

import sys
from pathlib import Path

from defect_workbench.core.errors import WorkbenchError
from defect_workbench.core.progress import SilentReporter
from defect_workbench.engine.backbone.pretrained import WeightsLibrary


def main() -> int:
    """Return the exit code."""
    library = WeightsLibrary(Path(sys.argv[1]))
    try:
        if len(sys.argv) > 2:
            library.import_file(Path(sys.argv[2]))
        elif library.load() is None:
            library.fetch(SilentReporter())
    except WorkbenchError as error:
        print(
            f"The bundle cannot carry the weights: {error}. Give a file: WEIGHTS=FILE before the command, or "
            "WEIGHTS=none for a bundle without weights.",
            file=sys.stderr,
        )
        return 1
    info = library.info()
    if info is None:
        print("The bundle cannot carry the weights: they were not stored.", file=sys.stderr)
        return 1
    for file in library.folder.glob("*.safetensors"):
        if file.name != info.file:  # of an earlier build
            file.unlink()
    print(f"weights of the bundle: {info.name}, sha256 {info.sha256}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
