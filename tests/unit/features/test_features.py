import mahotas
import numpy as np
import pytest
from scipy import ndimage

from defect_workbench.core.clustering.feature_blocks import BlockWeights, Features
from defect_workbench.engine.features.blocks.deep import COMPONENTS
from defect_workbench.engine.features.blocks.haralick import haralick
from defect_workbench.engine.features.blocks.zernike import orders, zernike
from defect_workbench.engine.features.fusion import (
    fuse,
    normalised_block,
    normalised_blocks,
)
from defect_workbench.engine.features.pca import principal_components
from defect_workbench.engine.preprocessing.resize import prepare
from defect_workbench.sample.synthetic import KINDS, render


def pictures(size: int = 96) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    rng = np.random.default_rng(4)
    drawn = [render(paint, rng) for paint in KINDS.values()]
    return np.stack([prepare(picture)[0] for picture in drawn])[:, :size, :size].copy()


@pytest.mark.parametrize("size", [96, 97, 224])
def test_zernike_equals_mahotas(size: int) -> None:
    images = pictures(size)
    middle = (size - 1) / 2
    expected = [
        mahotas.features.zernike_moments(image, size / 2, degree=8, cm=(middle, middle)) for image in images
    ]
    np.testing.assert_allclose(zernike(images), expected, rtol=1e-6, atol=1e-9)


def test_zernike_magnitudes_do_not_depend_on_rotation_or_brightness() -> None:
    image = np.zeros((1, 129, 129))
    image[0, 40:70, 50:95] = 1.0
    image = ndimage.gaussian_filter(image, (0, 2, 2)) * 200
    turned = ndimage.rotate(image, 35, axes=(1, 2), reshape=False, order=3, mode="constant")
    first = zernike(np.clip(image, 0, 255).astype(np.uint8))
    second = zernike(np.clip(turned * 0.8, 0, 255).astype(np.uint8))
    np.testing.assert_allclose(first, second, atol=0.02 * float(first.max()))


def test_zernike_of_black_is_zero() -> None:
    assert not zernike(np.zeros((2, 32, 32), np.uint8)).any()
    assert len(orders()) == 25


def test_haralick_is_defined_everywhere() -> None:
    assert np.isfinite(haralick(np.zeros((32, 32), np.uint8))).all()
    assert np.isfinite(haralick(np.full((32, 32), 255, np.uint8))).all()
    values = haralick(pictures()[0])
    assert values.shape == (26,)
    assert np.isfinite(values).all()


def test_blocks_have_unit_mean_square_and_squared_distances_add_by_weight() -> None:
    rng = np.random.default_rng(0)
    features = Features(
        {
            "deep": rng.random((40, 30), np.float32),
            "haralick": rng.random((40, 26), np.float32),
            "zernike": rng.random((40, 25), np.float32),
        },
        None,
    )
    blocks = normalised_blocks(features)
    for block in blocks.values():
        assert (block**2).sum(axis=1).mean() == pytest.approx(1)
    fused = fuse(blocks, BlockWeights({"deep": 1.0, "haralick": 0.3}, ""))
    expected = blocks["deep"][0] - blocks["deep"][1]
    texture = blocks["haralick"][0] - blocks["haralick"][1]
    squared = (expected**2).sum() + 0.3 * (texture**2).sum()
    assert ((fused[0] - fused[1]) ** 2).sum() == pytest.approx(squared)


def test_constant_columns_and_equal_images_do_no_harm() -> None:
    block = normalised_block("zernike", np.ones((5, 25), np.float32))
    assert not block.any()
    assert not normalised_block("deep", np.ones((5, 10), np.float32)).any()


def test_principal_components_keep_the_leading_distances() -> None:
    rng = np.random.default_rng(1)
    for shape in ((300, 150), (150, 300)):
        low = rng.standard_normal((shape[0], 20)) @ rng.standard_normal((20, shape[1]))
        centred = low - low.mean(axis=0)
        reduced = principal_components(centred, COMPONENTS)
        assert reduced.shape == (shape[0], COMPONENTS)
        np.testing.assert_allclose(
            reduced @ reduced.T, centred @ centred.T, atol=1e-6 * np.abs(centred).max() ** 2 * 20
        )
