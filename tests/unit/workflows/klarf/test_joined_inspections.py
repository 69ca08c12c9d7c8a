"""Records of inspection files of which images were added twice."""

from dataclasses import replace

import numpy as np

from defect_workbench.core.wafer.inspection import Inspection, InspectionFile
from defect_workbench.core.wafer.wafer_places import Wafer, WaferPlaces
from defect_workbench.workflows.klarf.joined_inspections import joined


def test_equal_wafers_of_a_file_stay_separate_when_more_of_its_images_are_added() -> None:
    file = InspectionFile("lot.001", "0" * 64, "1.8")

    def inspection(wafer_of: list[int]) -> Inspection:
        wafers = np.array(wafer_of)
        places = replace(WaferPlaces.nowhere(len(wafers)), wafers=(Wafer("W1"), Wafer("W1")), wafer_of=wafers)
        return Inspection((file,), np.minimum(wafers, 0), wafers, wafers, places)

    both = joined(inspection([0, 1, -1, -1]), inspection([-1, -1, 0, 1]))
    assert both.files == (file,)
    assert both.places.wafers == (Wafer("W1"), Wafer("W1"))
    assert both.places.wafer_of.tolist() == [0, 1, 0, 1]
