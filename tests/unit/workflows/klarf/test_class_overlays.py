"""Small files with the classes of confirmed defects."""

from pathlib import Path

import pytest

from defect_workbench.storage.klarf.reading import read_klarf
from defect_workbench.workflows.extract import FeatureOptions
from defect_workbench.workflows.klarf.class_export import KlarfRequest, plan_klarf, write_klarf
from tests.klarf_lots import made_klarf
from tests.unit.workflows.klarf.test_klarf_projects import LIBRARY, confirmed, defects_of, opened

pytestmark = pytest.mark.usefixtures("small_reports")


def test_an_overlay_has_the_class_of_each_defect_whatever_the_order_of_its_wafers(tmp_path: Path) -> None:
    path = made_klarf(tmp_path / "lot", 6, dialect="1.8", wafers=3)
    # The defects of the first wafer stand before and behind those of the second one.
    text = path.read_text().replace('}\nRecord WaferRecord "W2"', 'Record WaferRecord "W2"')
    text = text.replace('Record WaferRecord "W3"', 'Record TestRecord "2"')
    path.write_text(text.replace("Field DeviceID", "}\nField DeviceID"))
    project = opened(path, FeatureOptions(tmp_path / "store", tmp_path / "weights", offline=True))
    image_of = {number: image for image, number in enumerate(defects_of(project))}
    classes = {"pit": [image_of[3], image_of[2]], "scratch": [image_of[1]]}
    request = KlarfRequest(tmp_path / "small.001", overlay=True, classes=LIBRARY)
    write_klarf(plan_klarf(confirmed(project, classes), request))
    small = read_klarf(request.file)
    (cells,) = [column.cells for column in small.columns if column.name == "CLASSNUMBER"]
    assert dict(zip(small.defect_id.tolist(), cells, strict=True)) == {3: 11, 2: 11, 1: 12}
    assert small.classes == {0: "Unclassified", 11: "pit", 12: "scratch"}
