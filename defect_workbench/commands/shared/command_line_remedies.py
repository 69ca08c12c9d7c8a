"""What a user of the command line can do about an error."""

from __future__ import annotations

from collections.abc import Mapping

from defect_workbench.core.errors import Remedy, WorkbenchError, with_remedy
from defect_workbench.user_dirs import HOME_VARIABLE

REMEDY_TEXTS: Mapping[Remedy, str] = {
    Remedy.FETCH_WEIGHTS: "run: defect-workbench weights fetch",
    Remedy.IMPORT_WEIGHTS: "get the file on another machine and run: defect-workbench weights import FILE",
    Remedy.GET_WEIGHTS: "with a network, run: defect-workbench weights fetch; without, get the file on "
    "another machine and run: defect-workbench weights import FILE",
    Remedy.MATCHING_WEIGHTS: "import the matching weights with: defect-workbench weights import FILE",
    Remedy.OTHER_STORE: f"choose another folder with --store, or set {HOME_VARIABLE} to another folder",
    Remedy.OTHER_FOLDER: "choose a new folder with --out",
    Remedy.COPY_MODE: "use --mode copy",
    Remedy.OPEN_AGAIN: "run the command again",
    Remedy.CONTINUE: "the same command continues",
    Remedy.START_WORKERS: "start some and run the command again",
    Remedy.FIND_IMAGES: "give the folder that they are in now with --folder",
    Remedy.ADD_TABLE: "give a table with --side-data",
    Remedy.OTHER_CUT: "give a smaller number with --cut",
    Remedy.OTHER_FOLDS: "give another number with --folds",
    Remedy.OTHER_LOTS: "give parent or another expression with --group-by",
    Remedy.OTHER_FALSE_ALARMS: "give another share with --false-alarms",
    Remedy.OTHER_DRAWS: "give another number with --augment",
    Remedy.NO_AUGMENTATION: "leave --augment out",
    Remedy.ENTER_CODES: "set the codes in the window (Edit, Class library), or add classes with codes: "
    "defect-workbench classes import FILE",
    Remedy.CONFIRM_CLUSTERS: "confirm clusters in the window first",
    Remedy.COARSER_METHOD: "use --method agglomerative",
    Remedy.CONTINUE_TRAINING: "give --resume to continue it, or delete it to begin again",
    Remedy.BEGIN_TRAINING_AGAIN: "delete it to begin again",
    Remedy.INSTALL_ONNX: "run: pip install 'defect-workbench[onnx]'",
    Remedy.INSTALL_CLUSTER: "run: pip install 'defect-workbench[cluster]'",
    Remedy.ALLOW_MIXED_WORKERS: "use workers like this computer, or allow others with --allow-mixed-workers",
    Remedy.WEIGHTS_ON_WORKERS: "on that machine, run: defect-workbench weights fetch, or weights import FILE",
}


def sentence(error: WorkbenchError) -> str:
    """Return the text of an error with its remedy."""
    return with_remedy(str(error), error.remedy, REMEDY_TEXTS)
