"""Near-duplicates: the same pixels, not merely alike."""

import hashlib
import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from defect_workbench.core.clustering.feature_blocks import Features
from defect_workbench.core.images.image_records import ImageRecord, ImageSet
from defect_workbench.core.progress import SilentReporter
from defect_workbench.engine.classifier.data.near_duplicates import near_duplicates, same_pixels
from defect_workbench.sample.synthetic import Look, clean, lines, pit, render, scratch

LOOK = Look(size=150, grain=4.5, grain_scale=1.8, noise=(3, 8), pitch=(17, 21))


def small(
    pixels: np.ndarray[tuple[int, ...], np.dtype[np.uint8]],
) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    image = Image.fromarray(pixels).resize((224, 224), Image.Resampling.BILINEAR)
    return np.asarray(image, np.float64)


@pytest.mark.parametrize("kind", [pit, scratch, lines, clean])
def test_a_shifted_and_resaved_image_is_the_same(kind: object) -> None:
    whole = render(kind, np.random.default_rng(7), Look(size=170, grain=4.5, grain_scale=1.8))  # type: ignore[arg-type]
    first, second = whole[:150, :150], whole[6:156, 9:159]
    stream = io.BytesIO()
    Image.fromarray(second).save(stream, "JPEG", quality=80)
    stored = np.asarray(Image.open(stream).convert("L"))
    assert same_pixels(small(first), small(stored))
    brighter = np.clip(first.astype(float) * 0.9 + 14, 0, 255).astype(np.uint8)
    assert same_pixels(small(first), small(brighter))


@pytest.mark.parametrize("kind", [pit, scratch, lines, clean])
def test_two_pictures_of_one_kind_are_not_the_same(kind: object) -> None:
    rng = np.random.default_rng(8)
    pictures = [small(render(kind, rng, LOOK)) for _ in range(4)]  # type: ignore[arg-type]
    for i in range(4):
        for j in range(i):
            assert not same_pixels(pictures[i], pictures[j])


def test_groups_hold_copies_and_near_duplicates_only(tmp_path: Path) -> None:
    rng = np.random.default_rng(9)
    whole = render(pit, rng, LOOK)
    pictures = [render(kind, rng, LOOK) for kind in (clean, clean, pit, scratch)]
    pictures[2] = np.ascontiguousarray(whole[:140, :140])
    pictures += [pictures[0], np.ascontiguousarray(whole[3:143, 4:144])]
    records = []
    for index, pixels in enumerate(pictures):
        path = tmp_path / f"{index}.png"
        Image.fromarray(pixels).save(path)
        sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
        records.append(ImageRecord(path.name, sha256, pixels.shape[1], pixels.shape[0]))
    # All are candidates: pixels alone decide.
    vectors = rng.standard_normal((6, 8)).astype(np.float32)
    vectors[[4, 5]] = vectors[[0, 2]] + 0.01
    vectors[1] = vectors[0] + 0.01
    images = ImageSet(tmp_path, tuple(records), ())
    groups = near_duplicates(images, Features({"haralick": vectors}, None), SilentReporter())
    assert groups[0] == groups[4]
    assert groups[2] == groups[5]
    assert len(np.unique(groups)) == 4
