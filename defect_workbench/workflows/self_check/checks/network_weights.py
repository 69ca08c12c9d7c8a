"""Which network weights are in use, and whether they are undamaged."""

from __future__ import annotations

from defect_workbench.core.errors import Remedy
from defect_workbench.workflows.self_check.check import Finding, Machine, SelfCheck, failed, limited, ok


def _run(machine: Machine) -> Finding:
    from defect_workbench.workflows.weights import open_weights

    library = open_weights(machine.places.weights)
    info, file = library.info(), library.file()
    if info is None or file is None:
        return limited(
            f"none in {machine.places.weights}: features are texture and Zernike moments only",
            remedy=Remedy.GET_WEIGHTS,
        )
    origin = "carried by the program" if file.parent == library.carried else "of this user"
    lines = (f"{info.name}, {origin}", f"sha256 {info.sha256}", f"in {file}")
    if library.load() is None:
        return failed(
            *lines, "the file is damaged: its hash is not the recorded one", remedy=Remedy.GET_WEIGHTS
        )
    return ok(*lines[:1], f"{lines[1]}; the file has its recorded hash", lines[2])


ENTRY = SelfCheck("network_weights", "Weights", _run)
