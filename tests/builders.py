"""Builders of small images, folders, analyses and projects for the tests."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import tifffile
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from defect_workbench.core.arrays import Pixels
from defect_workbench.core.classifier.stage import CLASSES
from defect_workbench.core.classifier.taxonomy import Taxonomy, new_stage
from defect_workbench.core.clustering.clustering_result import Analysis, Settings
from defect_workbench.core.clustering.feature_blocks import BackboneInfo, BlockWeights, Features
from defect_workbench.core.images.image_records import ImageRecord, ImageSet, Rejection
from defect_workbench.core.progress import SilentReporter
from defect_workbench.core.project.decisions import Decisions
from defect_workbench.core.project.project_state import Project
from defect_workbench.engine.clustering.group import analyse
from defect_workbench.engine.features.registry import default_shares
from defect_workbench.resources import resource

BACKBONE = BackboneInfo("resnet50", "made-up weights", "0" * 64, "fp32", "cpu")


def blobs(
    sizes: tuple[int, ...], seed: int = 0, columns: int = 12, spread: float = 0.1
) -> NDArray[np.float32]:
    """Return well separated groups of points in random directions."""
    rng = np.random.default_rng(seed)
    centres = rng.standard_normal((len(sizes), columns)) * 3
    rows = [c + spread * rng.standard_normal((n, columns)) for c, n in zip(centres, sizes, strict=True)]
    return np.concatenate(rows).astype(np.float32)


def with_outlier_groups(sizes: tuple[int, ...], seed: int = 0, own: int = 150) -> NDArray[np.float32]:
    """Return overlapping clusters, and at the end small groups that are far from them and each other."""
    rng = np.random.default_rng(seed)
    centres = rng.standard_normal((4, 30))
    rows = [centres[rng.integers(4, size=own)] + 0.6 * rng.standard_normal((own, 30))]
    rows += [4 * rng.standard_normal(30) + 0.7 * rng.standard_normal((size, 30)) for size in sizes]
    return np.concatenate(rows).astype(np.float32)


def mixed_features() -> Features:
    """Return features of 150 images of three backgrounds, each with three kinds of defect, and of two more.

    Image 150 has a background of its own and a common defect, image 151 a defect of its own.
    """
    rng = np.random.default_rng(5)
    backgrounds, kinds = np.eye(40)[:4], 3 * np.eye(40)[:4]
    background, kind = np.arange(152) % 3, np.arange(152) // 3 % 3
    background[150], kind[151] = 3, 3
    deep, *of_defect = (
        (rows + spread * rng.standard_normal((152, 40))).astype(np.float32)
        for rows, spread in ((backgrounds[background], 0.04), (kinds[kind], 0.1), (kinds[kind], 0.1))
    )
    return Features({"deep": deep, "defect": of_defect[0], "foreground": of_defect[1]}, BACKBONE)


def made_analysis(vectors: NDArray[np.float32], settings: Settings | None = None) -> Analysis:
    """Return the analysis of synthetic embeddings."""
    manual = BlockWeights(default_shares(network=True), "for a test")
    settings = settings or Settings(weights=manual)
    return analyse(Features({"deep": vectors}, BACKBONE), settings, SilentReporter())


def picture(seed: int, size: tuple[int, int] = (40, 32)) -> Image.Image:
    """Return an image of grey noise."""
    rng = np.random.default_rng(seed)
    return Image.fromarray(rng.integers(0, 256, size[::-1], dtype=np.uint8))


def made_lot(folder: Path, count: int = 12, size: tuple[int, int] = (40, 32)) -> Path:
    """Create a folder of small images of different noise and return it."""
    folder.mkdir(parents=True)
    for index in range(count):
        picture(index, size).save(folder / f"{index:02d}.png")
    return folder


def part_of_sample(folder: Path, count: int) -> Path:
    """Copy every so many-th image of the sample set to a new folder and return it."""
    folder.mkdir(parents=True)
    paths = sorted(resource("sample").glob("*.jpg"))
    for path in paths[:: len(paths) // count][:count]:
        (folder / path.name).write_bytes(path.read_bytes())
    return folder


def made_project(
    root: Path,
    sizes: tuple[int, ...] = (8, 6, 5),
    names: list[str] | None = None,
    rejected: tuple[Rejection, ...] = (),
    seed: int = 0,
    vectors: NDArray[np.float32] | None = None,
) -> Project:
    """Write small image files and return a project of them, clustered by synthetic vectors."""
    vectors = blobs(sizes, seed) if vectors is None else vectors
    count = len(vectors)
    names = names or [f"image-{i:03d}.png" for i in range(count)]
    images = []
    for index, name in enumerate(names):
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        picture(index).save(path, format="PNG")
        sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
        images.append(ImageRecord(name, sha256, 40, 32))
    analysis = made_analysis(vectors)
    return Project(ImageSet(root, tuple(images), rejected), analysis, len(sizes), Decisions.none(count))


def write_tool_picture(path: Path, pixels: Pixels, pixel_size_nm: float) -> None:
    """Write a TIFF as an FEI microscope does, with tags and an info bar below the image."""
    height, width = pixels.shape
    bar = Image.new("L", (width, 36), 0)
    words = f"HV 5.00 kV  mag 50 000 x  HFW {width * pixel_size_nm / 1000:.2f} um  WD 4.1 mm"
    ImageDraw.Draw(bar).text((10, 10), words, fill=255, font_size=15)
    metres = pixel_size_nm * 1e-9
    tags = (
        f"[User]\r\nDate=03/02/2026\r\nTime=09:41:12\r\n[System]\r\nSystemType=Helios\r\n"
        f"[Beam]\r\nHV=5000\r\n[Scan]\r\nPixelWidth={metres}\r\nPixelHeight={metres}\r\n"
        f"[EScan]\r\nPixelWidth={metres}\r\n[Stage]\r\nWorkingDistance=0.0041\r\n"
        f"[Image]\r\nDigitalContrast=1\r\nResolutionX={width}\r\nResolutionY={height}\r\n"
        f"[Detectors]\r\nName=ETD\r\n[PrivateFei]\r\nDatabarHeight=36\r\n"
    )
    stack = np.concatenate([pixels, np.asarray(bar)])
    tifffile.imwrite(path, stack, extratags=[(34682, "s", 0, tags, True)])


def flat_taxonomy() -> Taxonomy:
    """Return a taxonomy of one stage, in which every folder is a label."""
    return Taxonomy((new_stage("kind", CLASSES, rest=True),), "flat")
