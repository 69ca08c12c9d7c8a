"""Outlines of a mask, and of the defects in a file."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

from defect_workbench.engine.measurement.defects import VERSIONS
from defect_workbench.engine.measurement.outlines import outline_lines, outlines_of
from tests.quality.wafers import LOOKS, wafer


def test_each_side_of_a_region_is_one_line() -> None:
    mask = np.zeros((6, 8), bool)
    mask[1:4, 2:7] = True
    mask[2, 4] = False
    lines = {tuple(line) for line in outline_lines(mask).tolist()}
    outer = {(2, 1, 7, 1), (2, 4, 7, 4), (2, 1, 2, 4), (7, 1, 7, 4)}
    hole = {(4, 2, 5, 2), (4, 3, 5, 3), (4, 2, 4, 3), (5, 2, 5, 3)}
    assert lines == outer | hole


def test_regions_at_the_edge_are_closed_and_nothing_has_no_line() -> None:
    assert len(outline_lines(np.ones((3, 5), bool))) == 4
    assert outline_lines(np.zeros((3, 5), bool)).shape == (0, 4)


def test_a_file_that_cannot_be_read_has_no_outline(tmp_path: Path) -> None:
    (tmp_path / "broken.png").write_bytes(b"no image")
    assert outlines_of(tmp_path / "broken.png", 0, VERSIONS[0]) is None
    assert outlines_of(tmp_path / "missing.png", 0, VERSIONS[0]) is None


def test_outlines_are_those_of_the_version_that_measured(tmp_path: Path) -> None:
    made = wafer("pit", "holes", LOOKS["fine-quiet"], 4)
    Image.fromarray(made.image).save(tmp_path / "pit.png")
    now, earlier = (outlines_of(tmp_path / "pit.png", 0, version) for version in VERSIONS)
    assert now is not None
    assert earlier is not None
    # The first version outlines the contact holes.
    assert 5 * len(now) < len(earlier)
