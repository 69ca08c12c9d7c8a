import itertools

import numpy as np
from numpy.typing import NDArray

from defect_workbench.core.project.palette import COLOURS, NEUTRAL


def oklab(colour: str) -> NDArray[np.float64]:
    """Return a colour in Oklab (B. Ottosson, 2020), in which distances are about as seen."""
    parts = np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)]) / 255
    linear = np.where(parts <= 0.04045, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4)
    cones = np.array(
        [
            [0.4122214708, 0.5363325363, 0.0514459929],
            [0.2119034982, 0.6806995451, 0.1073969566],
            [0.0883024619, 0.2817188376, 0.6299787005],
        ]
    )
    mix = np.array(
        [
            [0.2104542553, 0.7936177850, -0.0040720468],
            [1.9779984951, -2.4285922050, 0.4505937099],
            [0.0259040371, 0.7827717662, -0.8086757660],
        ]
    )
    return np.asarray(mix @ np.cbrt(cones @ linear))


def test_thirty_five_clusters_have_colours_that_can_be_distinguished() -> None:
    assert len(set(COLOURS)) == 36
    for first, second in itertools.combinations([*COLOURS[:35], NEUTRAL], 2):
        assert np.linalg.norm(oklab(first) - oklab(second)) > 0.045, (first, second)
