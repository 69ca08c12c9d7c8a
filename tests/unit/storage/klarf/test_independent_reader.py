"""A reader by others agrees with ours on a file of version 1.2 into which classes were written.

`pip install --no-deps klarf-reader` installs it (MIT). It is not among the requirements of the tests, as it
declares numba, which it does not use.
"""

import warnings
from importlib import import_module
from pathlib import Path
from types import ModuleType

import pytest

from defect_workbench.sample.klarf_writer import ImageStyle, klarf_bytes
from defect_workbench.storage.klarf.write_classes import with_classes
from tests.unit.storage.klarf.lots import column, lot, read

DECIDED = {0: 7, 3: 41}


def imported(name: str) -> ModuleType:
    with warnings.catch_warnings():
        # Escape sequences in its patterns are deprecated.
        warnings.simplefilter("ignore")
        try:
            return import_module(name)
        except ImportError:
            pytest.skip(f"{name.partition('.')[0]} is not installed")


# It gives each wafer the defects of all wafers, so there is one.
def written(tmp_path: Path) -> Path:
    data = klarf_bytes(lot(wafers=1, style=ImageStyle.COUNTED), "1.2")
    path = tmp_path / "lot.001"
    path.write_bytes(with_classes(data, "CLASSNUMBER", DECIDED, {7: "seven", 41: "forty-one"}))
    return path


def test_klarf_reader_reads_the_same_places_and_classes(tmp_path: Path) -> None:
    reader = imported("klarf_reader.readers.klarf_file_reader")
    path = written(tmp_path)
    ours = read(path.read_bytes())
    theirs, _ = reader.readKlarf(path)
    defects = [defect for wafer in theirs.wafers for defect in wafer.defects]
    assert [defect.id for defect in defects] == ours.defect_id.tolist()
    assert [float(defect.class_number) for defect in defects] == list(column(ours, "CLASSNUMBER"))
    assert {index: defects[index].class_number for index in DECIDED} == DECIDED
    assert [defect.point[0] for defect in defects] == pytest.approx(ours.places.x_um.tolist())
    assert [defect.point[1] for defect in defects] == pytest.approx(ours.places.y_um.tolist())
    assert [defect.image_count for defect in defects] == [len(pictures) for pictures in ours.pictures]
    assert [wafer.id for wafer in theirs.wafers] == [wafer.name for wafer in ours.places.wafers]
