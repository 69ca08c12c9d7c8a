"""Counts of defects over the wafer: a density grid, and profiles over radius and angle."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from defect_workbench.core.arrays import Flags, Floats

RINGS, SECTORS, CELLS = 10, 24, 96


@dataclass(frozen=True, eq=False)
class Profile:
    """Defects per area of a wafer, in rings or in sectors.

    Attributes
    ----------
    edges : (k + 1,) float64
        Ends of the rings in mm, or of the sectors in degrees, counted from the right, anticlockwise.
    chosen, every : (k,) float64
        Defects per cm² and wafer: of those that were chosen, and of all.
    """

    edges: Floats
    chosen: Floats
    every: Floats


def radial_profile(x_um: Floats, y_um: Floats, chosen: Flags, diameter_mm: float, wafers: int) -> Profile:
    """Return the density of defects in rings of equal area, so that each is as reliable.

    Parameters
    ----------
    x_um, y_um : (n,) float64
        From the centre of the wafer.
    chosen : (n,) bool
    wafers : int
        Number of wafers that the defects are on.
    """
    edges = np.sqrt(np.linspace(0, 1, RINGS + 1)) * diameter_mm / 2
    areas = np.pi * np.diff(edges**2) / 100 * max(wafers, 1)
    # What is measured to be beyond the edge is in the outermost ring.
    radius = np.minimum(np.hypot(x_um, y_um) / 1000, edges[-1])
    counts = [np.histogram(values, edges)[0] / areas for values in (radius[chosen], radius)]
    return Profile(edges, counts[0], counts[1])


def angular_profile(x_um: Floats, y_um: Floats, chosen: Flags, diameter_mm: float, wafers: int) -> Profile:
    """Return the density of defects in sectors of equal width; see `radial_profile` for the parameters."""
    edges = np.linspace(0, 360, SECTORS + 1)
    area = np.pi * (diameter_mm / 20) ** 2 / SECTORS * max(wafers, 1)
    angle = np.degrees(np.arctan2(y_um, x_um)) % 360
    counts = [np.histogram(values, edges)[0] / area for values in (angle[chosen], angle)]
    return Profile(edges, counts[0], counts[1])


def density_grid(x_um: Floats, y_um: Floats, diameter_mm: float, wafers: int) -> Floats:
    """Return defects per cm² and wafer on a grid over the wafer, smoothed.

    Near the edge, the part of the kernel beyond the wafer is left out, so that the density does not fall
    there merely because there is no wafer.

    Returns
    -------
    (96, 96) float64
        The lowest row first; NaN outside the wafer.
    """
    half = diameter_mm / 2
    edges = np.linspace(-half, half, CELLS + 1)
    counts = np.histogram2d(y_um / 1000, x_um / 1000, (edges, edges))[0]
    middle = (edges[1:] + edges[:-1]) / 2
    inside = np.hypot(*np.meshgrid(middle, middle)) <= half
    # Wide enough for a few defects under the kernel, but not wider than an eighth of the wafer.
    width = float(np.clip(half / np.sqrt(max(len(x_um), 1) / 8), 1.2 * 2 * half / CELLS, half / 8))
    kernel = np.exp(-0.5 * ((middle[:, None] - middle) / width) ** 2)
    cell = (2 * half / CELLS / 10) ** 2
    area = kernel @ inside.astype(np.float64) @ kernel * cell * max(wafers, 1)
    return np.where(inside, (kernel @ counts @ kernel) / np.maximum(area, 1e-12), np.nan)
