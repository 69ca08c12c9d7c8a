"""Defects on wafers for the tests."""

from __future__ import annotations

import numpy as np

from defect_workbench.core.arrays import Floats, Integers
from defect_workbench.core.wafer.wafer_places import Wafer, WaferPlaces
from defect_workbench.sample.wafer_lot import WaferLot

RADIUS_UM = 150_000.0


def disc(rng: np.random.Generator, count: int, radius_um: float = RADIUS_UM) -> tuple[Floats, Floats]:
    radius, angle = radius_um * np.sqrt(rng.random(count)), rng.random(count) * 2 * np.pi
    return radius * np.cos(angle), radius * np.sin(angle)


def places_at(x: Floats, y: Floats, wafer_of: Integers) -> WaferPlaces:
    names = range(1, int(wafer_of.max()) + 2)
    unknown = np.full(len(x), np.nan)
    wafers = tuple(Wafer(str(name), diameter_mm=300.0) for name in names)
    return WaferPlaces(wafers, wafer_of, x, y, unknown, unknown, unknown, unknown)


def scene(kind: str, seed: int) -> tuple[WaferPlaces, Integers]:
    """Return 200 defects on three wafers and their clusters: the last of five has a signature, 20 of 25."""
    rng = np.random.default_rng(seed)
    x, y = disc(rng, 200)
    wafer, cluster = rng.integers(0, 3, 200), rng.integers(0, 4, 200)
    cluster[:25] = 4
    k = slice(0, 20)
    if kind == "line":
        turn, along = rng.random() * np.pi, np.sort(rng.uniform(-30_000, 30_000, 20))
        cx, cy = disc(rng, 1, 90_000)
        x[k] = cx + along * np.cos(turn) + rng.normal(0, 500, 20)
        y[k] = cy + along * np.sin(turn) + rng.normal(0, 500, 20)
        wafer[k] = 2
    elif kind == "ring near the edge":
        radius, angle = RADIUS_UM * rng.uniform(0.9, 0.99, 20), rng.random(20) * 2 * np.pi
        x[k], y[k] = radius * np.cos(angle), radius * np.sin(angle)
    elif kind == "sector":
        radius = RADIUS_UM * np.sqrt(rng.random(20))
        angle = rng.random() * 6.28 + rng.random(20) * np.pi / 3
        x[k], y[k] = radius * np.cos(angle), radius * np.sin(angle)
    elif kind == "spot":
        cx, cy = disc(rng, 1, 110_000)
        x[k], y[k] = cx + rng.normal(0, 6000, 20), cy + rng.normal(0, 6000, 20)
        wafer[k] = 1
    elif kind == "centre":
        x[k], y[k] = disc(rng, 20, 50_000)
    elif kind == "wafers":
        wafer[k] = 1
    return places_at(x, y, wafer), cluster


def places_of_lot(lot: WaferLot) -> WaferPlaces:
    def column(name: str) -> Floats:
        return np.array([getattr(defect, name) for defect in lot.defects], np.float64)

    wafers = tuple(Wafer(each.name, diameter_mm=each.diameter_mm) for each in lot.wafers)
    names = ("x_um", "y_um", "die_x", "die_y", "in_die_x_um", "in_die_y_um")
    return WaferPlaces(wafers, column("wafer").astype(np.intp), *(column(name) for name in names))
