"""Compare the speed of feature extraction with that of a typical notebook script.

    python -m tests.perf.extraction [FOLDER] [--images 192] [--rounds 5]

Rounds of both alternate on the same images, as machine speed varies. Prints medians and their ratio.
FOLDER: a folder of images; default: the labelled steel images next to the checkout, else the sample set.
"""

from __future__ import annotations

import argparse
import shutil
import statistics
import tempfile
import time
from pathlib import Path

import mahotas
import numpy as np
import torch
from PIL import Image

from defect_workbench.core.progress import SilentReporter
from defect_workbench.engine.backbone.embedder import default_device, fastest_precision
from defect_workbench.engine.backbone.pretrained import WeightsLibrary
from defect_workbench.engine.backbone.resnet50 import build_resnet
from defect_workbench.engine.backbone.torchvision_gate import torchvision
from defect_workbench.engine.extraction.extractor import extract
from defect_workbench.engine.input.scan import scan
from defect_workbench.resources import resource
from defect_workbench.storage.vectors.feature_store import FeatureStore
from defect_workbench.user_dirs import UserDirs
from tests.conftest import SHARED_DATA


def notebook(files: list[Path], network: torch.nn.Module) -> float:
    """Return images per second with Pillow, torchvision transforms, batches of 32, mahotas per image."""
    transforms = torchvision.transforms.Compose(
        [
            torchvision.transforms.Resize((224, 224)),
            torchvision.transforms.ToTensor(),
            torchvision.transforms.Normalize([0.485, 0.456, 0.406], [0.229, 0.224, 0.225]),
        ]
    )
    started = time.perf_counter()
    rows = []
    for start in range(0, len(files), 32):
        images = [Image.open(path).convert("RGB") for path in files[start : start + 32]]
        with torch.no_grad():
            deep = network(torch.stack([transforms(image) for image in images])).numpy()
        for image, vector in zip(images, deep, strict=True):
            grey = np.asarray(image.convert("L").resize((224, 224)))
            texture = mahotas.features.haralick(grey, return_mean=True)
            zernike = mahotas.features.zernike_moments(grey, 112, degree=8)
            rows.append(np.concatenate([vector, texture, zernike]))
    return len(rows) / (time.perf_counter() - started)


def workbench(folder: Path, library: WeightsLibrary) -> float:
    """Return the images per second of an extraction into a new feature store."""
    with tempfile.TemporaryDirectory() as temporary:
        reporter = SilentReporter()
        extraction = extract(scan(folder, reporter), FeatureStore(Path(temporary) / "s"), library, reporter)
        return extraction.computed / extraction.seconds


def main() -> None:
    """Print both rates and their ratio."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("folder", type=Path, nargs="?")
    parser.add_argument("--images", type=int, default=192)
    parser.add_argument("--rounds", type=int, default=5)
    args = parser.parse_args()
    steel = SHARED_DATA / "x-sdd"
    source = args.folder or (steel if steel.is_dir() else resource("sample"))
    library = WeightsLibrary(UserDirs.of_user().weights)
    checkpoint = library.obtain(SilentReporter(), offline=False)
    if checkpoint is None:
        raise SystemExit("no ResNet-50 weights")
    plain = build_resnet(checkpoint)
    plain.fc = torch.nn.Identity()
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        listed = scan(source, SilentReporter()).files
        chosen = listed[:: max(1, len(listed) // args.images)][: args.images]
        files = [
            Path(shutil.copy(source / file.path, folder / f"{i:05d}{Path(file.path).suffix}"))
            for i, file in enumerate(chosen)
        ]
        rates: dict[str, list[float]] = {"notebook": [], "workbench": []}
        for number in range(args.rounds):
            rates["notebook"].append(notebook(files, plain))
            rates["workbench"].append(workbench(folder, library))
            print(
                f"round {number + 1}: {rates['notebook'][-1]:.1f} and {rates['workbench'][-1]:.1f} images/s"
            )
    precision = fastest_precision(default_device())
    medians = {name: statistics.median(values) for name, values in rates.items()}
    print(f"notebook {medians['notebook']:.1f}, workbench {medians['workbench']:.1f} images/s ({precision})")
    print(f"ratio {medians['workbench'] / medians['notebook']:.2f}")


if __name__ == "__main__":
    main()
