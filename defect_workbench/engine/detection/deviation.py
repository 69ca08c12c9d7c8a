"""How far each pixel of an image is from what is expected there, in units of what may happen by chance."""

from __future__ import annotations

from dataclasses import dataclass

from defect_workbench.engine.preprocessing.background import Plane


@dataclass(frozen=True, eq=False)
class Deviation:
    """The deviation of an image from its golden reference, or from its own background.

    Attributes
    ----------
    fine : (rows, columns) float32
        In standard deviations of noise and registration together; positive where the image is brighter.
    broad : (rows, columns) float32
        The same after averaging over several pixels, in which faint, large defects stand out.
    amount : (rows, columns) float32
        The difference behind `fine`, in grey levels, not negative.
    level, expected : (rows, columns) float32
        The smoothed image, and what is expected in it, in grey levels.
    step : int
        Pixels of the image per cell of the grid, along each side.
    """

    fine: Plane
    broad: Plane
    amount: Plane
    level: Plane
    expected: Plane
    step: int = 1
