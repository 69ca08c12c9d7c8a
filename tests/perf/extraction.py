"""Compare the speed of feature extraction with that of a typical notebook script.

    python -m tests.perf.extraction [FOLDER] [--images 192] [--rounds 5]

Rounds alternate on the same images, as machine speed varies: the script, the program, the program's passes
through the network alone (as many at once as the program computes), and reading and measuring alone. Prints
medians, their ratios, and which part limits the speed.
FOLDER: a folder of images; default: the labelled steel images next to the checkout, else the sample set.
"""

from __future__ import annotations

import argparse
import shutil
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import mahotas
import numpy as np
import torch
from PIL import Image

from defect_workbench.core.arrays import Pixels
from defect_workbench.core.progress import SilentReporter
from defect_workbench.engine.backbone.embedder import default_device, fastest_precision
from defect_workbench.engine.backbone.network import BATCH
from defect_workbench.engine.backbone.passes import in_passes
from defect_workbench.engine.backbone.pretrained import WeightsLibrary
from defect_workbench.engine.backbone.registry import NETWORKS
from defect_workbench.engine.backbone.resnet50 import build_resnet
from defect_workbench.engine.backbone.torchvision_gate import torchvision
from defect_workbench.engine.extraction.extractor import extract
from defect_workbench.engine.extraction.network_vectors import NetworkVectors
from defect_workbench.engine.input.decode import decode
from defect_workbench.engine.input.scan import scan
from defect_workbench.engine.preprocessing.resize import prepare
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


def passes_alone(inputs: list[Pixels], network: NetworkVectors) -> float:
    """Return the images per second of the passes that the extraction makes, with nothing else."""
    started = time.perf_counter()
    for _ in in_passes(network.embed, inputs, network):
        pass
    return sum(map(len, inputs)) / (time.perf_counter() - started)


def reading_alone(folder: Path) -> float:
    """Return the images per second of reading and measuring, with the features that need no network."""
    with tempfile.TemporaryDirectory() as temporary:
        reporter = SilentReporter()
        library = WeightsLibrary(Path(temporary) / "none")
        store = FeatureStore(Path(temporary) / "s")
        extraction = extract(scan(folder, reporter), store, library, reporter, offline=True)
        return extraction.computed / extraction.seconds


def network_inputs(files: list[Path]) -> list[Pixels]:
    """Return the images in batches, as the network gets them."""
    pictures = [prepare(decode(path.read_bytes(), path.name).pixels)[1] for path in files]
    return [np.stack(pictures[start : start + BATCH]) for start in range(0, len(pictures), BATCH)]


def main() -> None:
    """Print all rates and their ratios."""
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
        raise SystemExit("no network weights")
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
        inputs = network_inputs(files)
        device = default_device()
        precision = fastest_precision(device)
        description = NETWORKS[checkpoint.network].descriptions[0].name
        network = NetworkVectors(checkpoint, library, str(precision), device.type, description)
        network.load()
        runs: dict[str, Callable[[], float]] = {
            "notebook script": lambda: notebook(files, plain),
            "program": lambda: workbench(folder, library),
            "passes alone": lambda: passes_alone(inputs, network),
            "reading alone": lambda: reading_alone(folder),
        }
        rates: dict[str, list[float]] = {name: [] for name in runs}
        for number in range(args.rounds):
            for name, run in runs.items():
                rates[name].append(run())
            print(f"round {number + 1}: " + ", ".join(f"{n} {r[-1]:.1f}" for n, r in rates.items()))
    medians = {name: statistics.median(values) for name, values in rates.items()}
    print(f"images/s ({precision}, {device}): " + ", ".join(f"{n} {m:.1f}" for n, m in medians.items()))
    print(f"program / notebook script: {ratio(rates, 'notebook script')}")
    print(f"program / passes alone: {ratio(rates, 'passes alone')}")
    slower = min(("passes alone", "reading alone"), key=lambda name: medians[name])
    print(f"the limit: {slower}")


def ratio(rates: dict[str, list[float]], other: str) -> str:
    """Return the median ratio of the rounds, with the lowest and the highest."""
    ratios = [mine / theirs for mine, theirs in zip(rates["program"], rates[other], strict=True)]
    return f"{statistics.median(ratios):.2f} ({min(ratios):.2f} to {max(ratios):.2f})"


if __name__ == "__main__":
    main()
