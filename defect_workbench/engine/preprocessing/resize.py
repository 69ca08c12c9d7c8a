"""Reduction of an image to the input size of the features, in grey and in RGB."""

from __future__ import annotations

import numpy as np
from PIL import Image

from defect_workbench.core.arrays import Pixels

SIZE = 224
IDENTITY = "squash-224-bilinear-v1"


def prepare(pixels: Pixels) -> tuple[Pixels, Pixels]:
    """Resize an image to 224 x 224, bilinear, antialiased if it shrinks; the aspect ratio is not kept.

    Parameters
    ----------
    pixels : (height, width) or (height, width, 3) uint8

    Returns
    -------
    grey : (224, 224) uint8
        Luma (ITU-R BT.601).
    rgb : (224, 224, 3) uint8
        The channel is repeated for grey images.
    """
    image = Image.fromarray(pixels).resize((SIZE, SIZE), Image.Resampling.BILINEAR, reducing_gap=3.0)
    if image.mode == "L":
        grey = np.asarray(image)
        return grey, np.repeat(grey[:, :, None], 3, axis=2)
    return np.asarray(image.convert("L")), np.asarray(image)
